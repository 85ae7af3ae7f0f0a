"""Signing in by the printed link, sessions, and keys that are narrowed and rotated."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import Browser, expect

from tests.console.conftest import Service, Visit
from tests.console.test_access import CONTEXTS, check_page

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def new_link(service: Service) -> str:
    """What `tranche sign-in` prints beside the running service."""
    command = [sys.executable, "-m", "app", "sign-in"]
    done = subprocess.run(command, env=service.server.environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("device", CONTEXTS)
def test_the_link_asks_signs_in_once_and_then_says_how_to_get_another(
    browser: Browser, service: Service, device: str
) -> None:
    link = new_link(service)
    assert link.startswith(f"{service.url}/sign-in?token=")
    context = browser.new_context(**CONTEXTS[device])
    page = context.new_page()
    page.goto(link)
    expect(page.get_by_text("You will be admin of Default in this browser.")).to_be_visible()
    check_page(page, "the link", device)
    assert context.cookies() == []
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()
    assert page.url == f"{service.url}/#/batches"
    page.goto(link)
    expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
    expect(page.locator("pre")).to_have_text("tranche sign-in")
    check_page(page, "the link once more", device)
    page.get_by_role("link", name="Open the console").click()
    expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()
    context.close()


def test_a_page_of_another_site_cannot_press_the_button(browser: Browser, service: Service) -> None:
    link = new_link(service)
    token = link.partition("token=")[2]
    context = browser.new_context()
    page = context.new_page()
    page.route(
        "http://elsewhere.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{service.url}/sign-in"><input name="token" value="{token}"></form>',
        ),
    )
    page.goto("http://elsewhere.example/")
    with page.expect_navigation(url=f"{service.url}/sign-in") as refused:
        page.evaluate("document.forms[0].submit()")
    assert refused.value.status == 403
    assert context.cookies() == []
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()
    context.close()


def test_sessions_are_listed_and_ended(visit: Visit, service: Service, browser: Browser) -> None:
    page = visit.page
    other = browser.new_context(user_agent=FIREFOX)
    key = {"key": service.server.admin_key}
    assert other.request.post(f"{service.url}/api/session", data=key).ok
    page.goto(f"{service.url}/#/sessions")
    row = page.get_by_role("row").filter(has_text="Firefox on Linux")
    expect(row).to_contain_text("with first admin key")
    expect(page.get_by_role("row").filter(has_text="This browser")).to_have_count(1)
    row.get_by_role("button", name="End the session").click()
    page.get_by_role("button", name="End session").click()
    expect(row).to_be_hidden()
    assert other.request.get(f"{service.url}/api/session").status == 401
    other.close()
    page.get_by_role("button", name="Sign out everywhere").click()
    page.locator("#confirm").get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.request.get(f"{service.url}/api/session").status == 401
    visit.problems.clear()  # the browser notes the refusal that leads to signing in


def test_signing_out_leaves_nothing_on_the_page(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(service.submit("no-op", "A confidential name", [{}]))
    expect(page.get_by_role("heading", name="A confidential name")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith("/api/session") and answer.status == 401):
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert "A confidential name" not in page.content()
    visit.problems.clear()  # the browser notes the refusal that leads to signing in


def test_keys_are_narrowed_and_rotated(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(f"{service.url}/#/keys")
    page.get_by_label("New key").fill("reader")
    page.get_by_text("Narrow it down").click()
    page.get_by_label("Read", exact=True).check()
    page.get_by_label("Result sheets").check()
    page.get_by_role("button", name="Create key").click()
    first = page.locator(".secret").inner_text()
    row = page.get_by_role("row").filter(has_text="reader")
    expect(row).to_contain_text("read")
    expect(row).to_contain_text("only pdf-extraction")
    row.get_by_role("button", name="Rotate reader").click()
    expect(page.get_by_label("The old key goes on working")).to_have_value("24")
    page.get_by_role("button", name="Rotate key").click()
    expect(page.get_by_role("row").filter(has_text="reader")).to_have_count(2)
    second = page.locator(".secret").inner_text()
    assert first != second
    for key in (first, second):
        answer = page.request.get(
            f"{service.url}/api/session", headers={"Authorization": f"Bearer {key}", "Cookie": ""}
        )
        assert answer.json()["permissions"] == ["read"]
    page.get_by_role("row").filter(has_text=second[-4:]).get_by_role("button", name="Rotate reader").click()
    page.get_by_label("The old key goes on working").select_option("not at all: it ends at once")
    page.get_by_role("button", name="Rotate key").click()
    expect(page.locator(".secret")).not_to_have_text(second)
    headers = {"Authorization": f"Bearer {second}", "Cookie": ""}
    assert page.request.get(f"{service.url}/api/session", headers=headers).status == 401
