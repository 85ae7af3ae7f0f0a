"""For everybody: by keyboard alone, with a screen reader, in the dark, on a phone."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Service, Visit, sign_in

CONTEXTS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
LOOKS: dict[str, dict[Literal["light", "dark"], list[str]]] = {
    "desktop": {"light": [], "dark": ["color-contrast"]},
    "phone": {"light": ["wcag2a", "wcag2aa"]},
}
"""Which of axe's rules; none are all. The dark colours and the phone's layout stand on the same markup: only what they
change is looked at again."""
RUN_AXE = "options => axe.run(document, options).then(found => found.violations)"
SCREENS = (
    "batches", "new", "restaurants", "restaurants/new", "plays", "plays/PLAY", "plays/PLAY?edit=yes", "reports",
    "swimmers", "templates", "templates?edit=yes", "schedules", "schedules?edit=yes", "webhooks", "webhooks?edit=yes",
    "workers", "names", "usage", "sessions", "keys", "audit", "users", "users/new", "users?edit=yes", "invitations",
    "invitations?new=yes", "connections", "connections/monday", "organisations", "organisations/new",
)  # fmt: skip


@pytest.fixture(scope="module")
def mixed(service: Service) -> str:
    """The page of a batch in which some jobs failed; beside it there is one of everything else."""
    with service.server.client() as client:
        options = {"pipeline": "slow", "params": {"seconds": 1}}
        template = client.post("/api/templates", json={"name": "Nightly", "options": options}).json()
        client.post("/api/schedules", json={"template_id": template["id"], "cron": "every Monday 9:00"})
        client.post("/api/webhooks", json={"url": "http://127.0.0.1:9/hook"})
        client.post("/api/restaurants", json={"name": "Kauri Kitchen", "contact": {"email": "ana@kauri.example"}})
        client.post("/api/plays/", json={"name": "Email outreach", "required_batches": [1], "play_steps": ["write"]})
    return service.submit("behaviour", "Mixed", [{"do": "stop"}, {"do": "succeed"}, {"do": "retry_always"}])


def check_page(page: Page, what: str, device: str) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    for scheme, rules in LOOKS[device].items():
        page.emulate_media(color_scheme=scheme)
        options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        wrong = [f"{one['id']}: {one['nodes'][0]['html']}" for one in page.evaluate(RUN_AXE, options)]
        assert wrong == [], f"{what}, {scheme}: {wrong}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what} is wider than the screen"


@pytest.mark.parametrize("device", CONTEXTS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    browser: Browser, service: Service, mixed: str, device: str
) -> None:
    context = browser.new_context(reduced_motion="reduce", **CONTEXTS[device])
    page = context.new_page()
    page.goto(service.url)
    expect(page.get_by_label("API key")).to_be_visible()
    check_page(page, "sign-in", device)
    sign_in(page, service.server)
    with service.server.client() as client:
        play = client.get("/api/plays/").json()[0]["id"]
    for number, screen in enumerate(SCREENS):
        page.goto(
            f"{service.url}/?{number}#/{screen.replace('PLAY', str(play))}"
        )  # another address: the whole page is loaded anew
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("#connection")).to_contain_text("Live")
        check_page(page, screen, device)
    page.goto(f"{service.url}/#/restaurants")
    page.get_by_role("link", name="Kauri Kitchen").click()
    expect(page.get_by_role("heading", name="Kauri Kitchen")).to_be_visible()
    check_page(page, "restaurant", device)
    page.goto(f"{service.url}/#/batches")
    page.get_by_role("button", name="Jobs of Mixed").click()
    page.get_by_label("Select Mixed").check()
    expect(page.locator(".row-preview li")).to_have_count(3)
    check_page(page, "a batch unfolded and ticked", device)
    page.goto(mixed)
    expect(page.get_by_text("3 of 3 complete")).to_be_visible()
    page.get_by_role("heading", name="Notifications").click()
    expect(page.locator(".notification-list li")).to_have_count(1)
    check_page(page, "batch", device)
    page.locator(".jobs a.name").nth(2).click()
    expect(page.locator("#drawer .attempts li")).to_have_count(3)
    check_page(page, "job", device)
    context.close()


def test_by_keyboard_alone(visit: Visit, service: Service, mixed: str) -> None:
    page = visit.page
    page.goto(service.url)
    expect(page.locator("tr.batch")).to_have_count(1)

    def press(*keys: str) -> None:
        for key in keys:
            page.keyboard.press(key)

    press("j")
    expect(page.get_by_role("link", name="Mixed", exact=True)).to_be_focused()
    press("x", "e")
    expect(page.get_by_role("region", name="Selection")).to_contain_text("1 selected")
    expect(page.locator(".row-preview li")).to_have_count(3)
    press("x", "Enter")
    expect(page.get_by_role("heading", name="Mixed")).to_be_focused()
    press("j", "j", "Enter")
    drawer = page.locator("#drawer")
    expect(drawer.locator("h2")).to_be_focused()
    expect(drawer).to_contain_text("Job 2 of 3")
    press("j")
    expect(drawer).to_contain_text("Job 3 of 3")
    press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.locator(".jobs a.name").nth(2)).to_be_focused()
    press("/")
    expect(page.get_by_label("Find a job by name or error")).to_be_focused()
    press("Tab", "n")
    expect(page.get_by_role("heading", name="New batch")).to_be_focused()
    press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
