"""A service that dies under an open page: what the page says meanwhile, and that it misses nothing afterwards."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit


def test_page_goes_on_after_the_service_was_killed(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(service.url)
    expect(page.get_by_role("heading", name="No batches yet")).to_be_visible()
    expect(page.get_by_text(f"curl {service.url}/api/jobs/batch")).to_be_visible()
    options = {"params": {"seconds": 0.25}, "max_parallel": 2, "start": False}
    address = service.submit("slow", "Through a crash", [{}] * 12, **options)
    page.goto(address)
    link = page.locator("#connection")
    row = page.locator(".jobs a.name").nth(11)
    row.focus()
    expect(link).to_contain_text("Live")
    with service.server.client() as client:  # only now: on a slow machine it would end before the page is there
        client.post(f"/api/batches/{address.rpartition('/')[2]}/start")
    expect(page.locator(".legend button", has_text="Completed")).to_contain_text("2")

    service.server.kill()
    expect(link).to_contain_text("Reconnecting")
    link.click()
    expect(page.locator("#connection-menu")).to_contain_text("The page keeps trying, and then catches up.")
    page.keyboard.press("Escape")
    row.focus()
    service.server.start()

    expect(page.get_by_text("12 of 12 complete")).to_be_visible()
    expect(page.locator(".batch-title .state")).to_have_text("Completed")
    expect(row).to_be_focused()
    expect(page.locator(".log li").last).to_contain_text("batch.completed")
    expect(link).to_contain_text("Complete")
    # A connection that is refused is all that may have gone wrong.
    assert all("ERR_" in problem for problem in visit.problems)
    visit.problems.clear()
