"""The grid of plays and data batches, and one play."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit


def test_every_tick_is_saved_and_a_refused_one_goes_back(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(f"{service.url}/#/plays")
    expect(page.get_by_role("heading", name="No plays yet")).to_be_visible()
    page.get_by_role("link", name="New play").first.click()
    expect(page.get_by_role("heading", name="New play")).to_be_focused()
    page.get_by_label("Name", exact=True).fill("Email <i>outreach</i>")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Email <i>outreach</i>")).to_be_visible()
    play_id = int(page.url.rpartition("/")[2])
    with service.server.client() as client:
        client.post("/api/plays/", json={"name": "Second", "required_batches": [5]})

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Plays").click()
    first, row = page.get_by_label("Email <i>outreach</i> needs LinkedIn Profile"), page.get_by_role("row").nth(1)
    first.check()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(row).to_contain_text("Saved")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Second needs Company Enrichment")).to_be_focused()
    page.reload()
    expect(first).to_be_checked()
    with service.server.client() as client:
        assert client.get(f"/api/plays/{play_id}/").json()["required_batches"] == [1, 2]
        client.delete(f"/api/plays/{play_id}/")
    first.uncheck()
    expect(row).to_contain_text("Not saved")
    expect(first).to_be_checked()
    visit.problems.clear()  # the refusal is in the browser's own log

    page.get_by_role("link", name="Second").click()
    page.get_by_label("Is the data for a lead available?").fill("maya@lakeside.example")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("A run fetches what is missing or outdated.")).to_be_visible()
    page.get_by_label("Run it for").fill("email,city\nmaya@lakeside.example,Auckland\nada@lakeside.example,")
    page.get_by_role("button", name="Run for 2 leads").click()
    expect(page.locator(".jobs tbody tr")).to_have_count(2)


def test_play_is_edited(visit: Visit, service: Service) -> None:
    """Steps are lines, also those that only JSON can hold, and what is wrong is said before and after sending."""
    steps = ["Look up {{ lead }}", {"title": "Write", "model": "small"}, "two\nlines"]
    with service.server.client() as client:
        play = client.post(
            "/api/plays/", json={"name": "Outreach", "play_steps": steps, "required_batches": [2]}
        ).json()
    page = visit.page
    page.goto(f"{service.url}/#/plays/{play['id']}")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_role("heading", name="Edit “Outreach”")).to_be_focused()
    written, name = page.get_by_label("Steps"), page.get_by_label("Name", exact=True)
    expect(written).to_have_value('Look up {{ lead }}\n{"model":"small","title":"Write"}\n"two\\nlines"')
    written.press("End")
    page.keyboard.insert_text(" at once")
    page.get_by_label("Variables").fill("sender: Maya")
    save = page.get_by_role("button", name="Save play")
    save.click()
    expect(page.get_by_role("alert")).to_have_text("“Variables” is not valid JSON.")
    page.get_by_label("Variables").fill('{"sender": "Maya"}')
    name.fill("")
    save.click()
    expect(page.get_by_role("alert")).to_contain_text("String should have at least 1 character")
    expect(name).to_be_focused()
    visit.problems.clear()  # the refusal is in the browser's own log
    name.fill("Outreach by mail")
    page.get_by_label("Output").fill("all")
    save.click()
    expect(page.get_by_role("heading", name="Outreach by mail")).to_be_focused()
    expect(page.locator("ol.numbered li").first).to_contain_text("Look up {{ lead }}")
    with service.server.client() as client:
        kept = client.get(f"/api/plays/{play['id']}/").json()
    assert kept["play_steps"][1:] == steps[1:]
    assert kept["variables"] == {"sender": "Maya"}
    assert (kept["output_type"], kept["required_batches"]) == ("all", [2])
