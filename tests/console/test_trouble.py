"""What is wrong with the service is told on every screen: to operators why, to others that it is known."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import WORKLOADS, make_home
from tests.console.conftest import Service, Visit, sign_in
from tests.live import LiveServer
from tests.patience import patient
from tests.processes import Process, run

NO_WORKER = "No worker runs, so that jobs wait."
PLAIN = "Not everything works just now, so results may come late. Nothing that was submitted is lost."


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Service]:
    """One that runs no jobs, which is a trouble as long as no worker does."""
    home = make_home()
    server = LiveServer(home, WORKLOADS, DATABASE_URL=database_url, TRANCHE_WORKER="off")
    try:
        server.start()
        yield Service(server)
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def look_again(page: Page) -> None:
    """The next look of the page, without the ten seconds until then."""
    page.clock.fast_forward(11_000)


def test_operators_are_told_on_every_screen_until_it_is_over(visit: Visit, service: Service) -> None:
    page = visit.page
    page.clock.install()
    note = page.locator("#trouble")
    for screen in ("batches", "templates", "usage"):
        page.goto(f"{service.url}/#/{screen}")
        expect(page.get_by_role("status").filter(has_text=NO_WORKER)).to_be_visible()
    for width in (390, 800, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    note.get_by_role("link", name="Workers").click()
    expect(page.get_by_role("heading", name="Workers", exact=True)).to_be_visible()

    worker = Process(["worker"], service.server.environment)
    try:
        assert worker.stdout
        assert "ready" in worker.stdout.readline()
        look_again(page)
        expect(note).to_be_hidden()
        service.server.kill()
        look_again(page)
        expect(note).to_contain_text("The service cannot be reached.")
        service.server.start()
        look_again(page)
        expect(note).to_be_hidden()
    finally:
        worker.terminate()
        worker.wait(patient(30))
    assert all("ERR_" in problem for problem in visit.problems)
    visit.problems.clear()


def test_others_are_told_that_it_is_known(browser: Browser, service: Service) -> None:
    server = service.server
    made = run(["keys", "create", "hers", "--user", "ada", "--member"], server.environment, server.home)
    assert made.returncode == 0, made.stderr
    context = browser.new_context()
    try:
        page = context.new_page()
        sign_in(page, server, made.stdout.strip())
        page.goto(f"{service.url}/#/batches")
        expect(page.locator("#trouble")).to_have_text(PLAIN)
        expect(page.locator("#trouble").get_by_role("link")).to_have_count(0)
    finally:
        context.close()
