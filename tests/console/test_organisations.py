"""An organisation from its first line to its end, by those who have a part in it, each in a browser of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Service, Visit
from tests.patience import patient

CHECKED = {"pipeline": "no-op", "name": "Checked", "items": [{"record": {}}]}


@contextmanager
def new_browser(browser: Browser, service: Service) -> Iterator[Visit]:
    """A browser in which nobody is signed in yet, and which notes what should not happen."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(patient(15) * 1000)
    visit = Visit(context.new_page(), urlsplit(service.url).netloc)
    visit.watch()
    yield visit
    context.close()
    assert visit.problems == []


def entries(page: Page) -> set[str]:
    """What the navigation leads to."""
    expect(page.locator("#who")).not_to_be_empty()
    return {link.inner_text().strip() for link in page.locator("#side li a:visible").all()}


def invite(page: Page, name: str, role: str) -> str:
    """Fill in the form of an invitation; its link, as it is shown once."""
    page.get_by_role("button", name="Invite somebody").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label(role).check()
    page.get_by_role("button", name="Invite", exact=True).click()
    link = page.locator(".secret").inner_text()
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".secret")).to_be_hidden()
    return link


def accept(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()


def make_organisation(page: Page, service: Service, name: str) -> None:
    page.goto(f"{service.url}/#/organisations")
    page.get_by_role("link", name="New organisation").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create organisation").click()
    expect(page.get_by_role("heading", name=name, level=2)).to_be_visible()
    expect(page.get_by_text("Nobody administers this organisation")).to_be_visible()


def test_everybody_sees_what_they_may(visit: Visit, service: Service, browser: Browser) -> None:
    operator = visit.page
    make_organisation(operator, service, "Acme")
    assert {"Users", "Keys", "Connections", "Organisations", "Workers"} <= entries(operator)
    link = invite(operator, "Ada", "Administrator")
    with new_browser(browser, service) as first, new_browser(browser, service) as second:
        ada, vera = first.page, second.page
        accept(ada, link)
        seen = entries(ada)
        assert {"New batch", "Users", "Keys", "Connections", "Usage", "Audit log"} <= seen
        assert not seen & {"Organisations", "Workers"}
        ada.goto(f"{service.url}/#/organisations")
        expect(ada.get_by_text("Your role does not open this page")).to_be_visible()
        ada.get_by_role("link", name="Users").click()
        ada.get_by_role("link", name="Invitations").click()
        accept(vera, invite(ada, "Vera", "Viewer"))
        key = make_program(ada)
        set_connection(ada)
        see_as_viewer(vera, service, submit(service, key))
        disable_and_remove(ada, vera, service)
        second.problems.clear()  # the browser notes the refusal that leads to signing in


def make_program(page: Page) -> str:
    """A member for a program, with a key for one pipeline; the key."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Users").click()
    page.get_by_role("link", name="Add a program").click()
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_text("Enter a name.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("nightly import")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_text("uploads files and starts batches")).to_be_visible()
    page.get_by_role("link", name="Create a key").click()
    expect(page.get_by_label("Whose")).to_have_value(page.url.partition("user=")[2])
    page.get_by_label("New key").fill("nightly")
    page.get_by_text("Narrow it down").click()
    page.get_by_label("Submit", exact=True).check()
    page.get_by_label("Read", exact=True).check()
    page.get_by_label("Three steps that do nothing").check()
    page.get_by_role("button", name="Create key").click()
    key = page.locator(".secret").inner_text()
    row = page.get_by_role("row").filter(has_text="nightly")
    expect(row).to_contain_text("nightly import")
    expect(row).to_contain_text("only no-op")
    return key


def set_connection(page: Page) -> None:
    page.get_by_role("link", name="Connections").click()
    page.get_by_role("link", name="Set the account of monday.com").click()
    page.get_by_label("API token").fill("tok-of-acme-monday-6688")
    page.get_by_role("button", name="Save account").click()
    expect(page.get_by_text("Board is missing.")).to_be_visible()
    page.get_by_role("textbox", name="Board").fill("12")
    page.get_by_role("button", name="Save account").click()
    row = page.get_by_role("row").filter(has_text="monday.com")
    expect(row).to_contain_text("Own account")
    expect(row).to_contain_text("…6688")
    row.get_by_role("link", name="Replace the account of monday.com").click()
    expect(page.get_by_role("textbox", name="Board")).to_have_value("12")
    expect(page.get_by_label("API token")).to_have_value("")
    page.get_by_role("link", name="Cancel").click()
    row.get_by_role("button", name="Remove the account of monday.com").click()
    page.get_by_role("button", name="Remove account").click()
    expect(row).to_contain_text("None")


def submit(service: Service, key: str) -> str:
    """A batch that the program submits; its page. Other pipelines are not there for it."""
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}) as program:
        made = program.post("/api/batches", json=CHECKED)
        assert made.status_code == 201, made.text
        other = program.post("/api/batches", json=CHECKED | {"pipeline": "slow"})
        assert (other.status_code, other.json()["code"]) == (403, "pipeline_not_permitted")
        assert program.get("/api/users").status_code == 403
    return f"{service.url}/#/batches/{made.json()['batch_id']}"


def see_as_viewer(page: Page, service: Service, batch: str) -> None:
    page.goto(f"{service.url}/?viewer#/batches")
    seen = entries(page)
    assert {"Batches", "Usage", "Sessions"} <= seen
    assert not seen & {"New batch", "Users", "Connections", "Audit log", "Organisations"}
    expect(page.get_by_role("link", name="Checked")).to_be_visible()
    expect(page.get_by_role("link", name="New batch")).to_have_count(0)
    page.goto(batch)
    expect(page.get_by_text("1 of 1 complete")).to_be_visible()
    expect(page.get_by_role("button", name="Share")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Share").press("Enter")
    expect(page.get_by_text("Your role changes nothing.")).to_be_visible()
    for screen in ("new", "users", "connections", "audit"):
        page.goto(f"{service.url}/#/{screen}")
        expect(page.get_by_text("Your role does not open this page")).to_be_visible()
    page.goto(f"{service.url}/#/keys")
    expect(page.get_by_role("heading", name="No keys yet")).to_be_visible()
    expect(page.get_by_label("Whose")).to_have_count(0)
    page.get_by_text("Narrow it down").click()
    expect(page.get_by_label("Admin", exact=True)).to_have_count(0)
    page.goto(f"{service.url}/#/templates")
    expect(page.get_by_role("heading", name="No templates yet")).to_be_visible()
    expect(page.get_by_role("link", name="New template")).to_have_count(0)


def disable_and_remove(ada: Page, vera: Page, service: Service) -> None:
    ada.get_by_role("navigation", name="Main").get_by_role("link", name="Users").click()
    ada.get_by_role("link", name="Vera").click()
    ada.get_by_role("button", name="Disable").click()
    ada.get_by_role("button", name="Disable user").click()
    expect(ada.get_by_role("navigation", name="Users")).to_contain_text("Disabled")
    vera.goto(f"{service.url}/?out#/batches")
    expect(vera.get_by_label("API key")).to_be_visible()
    ada.get_by_role("button", name="Enable").click()
    ada.get_by_role("link", name="Edit", exact=True).click()
    ada.get_by_label("Member").check()
    ada.get_by_role("button", name="Save user").click()
    expect(ada.get_by_text("uploads files and starts batches")).to_be_visible()
    ada.get_by_role("button", name="Remove").click()
    ada.get_by_role("button", name="Remove user").click()
    expect(ada.get_by_role("link", name="Vera")).to_be_hidden()


def test_operators_set_what_an_organisation_may(visit: Visit, service: Service) -> None:
    page = visit.page
    make_organisation(page, service, "Bolt")
    page.get_by_role("button", name="Change limits").click()
    keys = page.get_by_label("Keys", exact=True)
    expect(keys).to_be_disabled()
    page.get_by_label("Keys: how it is limited").select_option("at most")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("Enter a number.")).to_be_visible()
    keys.fill("5")
    page.get_by_label("Stored files: how it is limited").select_option("at most, in GB")
    page.get_by_label("Stored files", exact=True).fill("1.5")
    page.get_by_label("Weight").fill("500")
    page.get_by_role("button", name="Save limits").click()
    expect(page.locator("#limit-weight-error")).to_contain_text("100")
    visit.problems.clear()  # the refusal is in the browser's own log
    page.get_by_label("Weight").fill("2")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_role("row").filter(has_text="Keys")).to_contain_text("0 of 5")
    expect(page.get_by_role("row").filter(has_text="Stored files")).to_contain_text("0 B of 1.5 GB")
    expect(page.get_by_text("Weight 2:")).to_be_visible()

    page.get_by_role("button", name="Change list").click()
    page.get_by_label("Hosts and networks").fill("10.1.0.0/99")
    page.get_by_role("button", name="Save list").click()
    expect(page.locator("#reach-allow-error")).to_contain_text("10.1.0.0/99")
    visit.problems.clear()
    page.get_by_label("Hosts and networks").fill("10.1.0.0/16\nfiles.intranet")
    page.get_by_role("button", name="Save list").click()
    expect(page.get_by_role("listitem").filter(has_text="files.intranet")).to_be_visible()

    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Default")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator("#organisation-name-error")).to_contain_text("already")
    visit.problems.clear()
    page.get_by_label("Name", exact=True).fill("Bolt Ltd")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="Erase").click()
    page.get_by_label("Type “Bolt Ltd” to confirm").fill("Bolt")
    page.get_by_role("button", name="Erase organisation").click()
    expect(page.get_by_text("That is another name.")).to_be_visible()
    page.get_by_label("Type “Bolt Ltd” to confirm").fill("Bolt Ltd")
    page.get_by_role("button", name="Erase organisation").click()
    expect(page.get_by_text("Bolt Ltd is being erased")).to_be_visible()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_an_invitation_is_withdrawn_by_keyboard(browser: Browser, service: Service, width: int) -> None:
    with new_browser(browser, service) as visit:
        page = visit.page
        page.set_viewport_size({"width": width, "height": 800})
        answer = page.request.post(f"{service.url}/api/session", data={"key": service.server.admin_key})
        assert answer.ok
        page.goto(f"{service.url}/#/invitations?new=yes")
        expect(page.get_by_label("Name", exact=True)).to_be_focused()
        page.keyboard.type(f"Zoe {width}")
        page.keyboard.press("Enter")
        expect(page.locator(".secret")).to_contain_text(f"{service.url}/invitation?code=")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="Done").press("Enter")
        expect(page.get_by_role("button", name="Invite somebody")).to_be_focused()
        page.get_by_role("button", name=f"Withdraw the invitation of Zoe {width}").press("Enter")
        page.locator("#confirm").get_by_role("button", name="Withdraw").press("Enter")
        expect(page.get_by_role("button", name=f"Withdraw the invitation of Zoe {width}")).to_be_hidden()
