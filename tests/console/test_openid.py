"""Signing in with an OpenID provider that runs beside the service, in a real browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests import processes
from tests.conftest import WORKLOADS, make_home
from tests.console.conftest import Service
from tests.console.test_access import CONTEXTS, check_page
from tests.live import LiveServer
from tests.patience import patient

PEOPLE = [
    {"sub": "ada", "name": "Ada", "email": "ada@acme.example", "email_verified": True, "groups": ["tranche-admins"]},
    {"sub": "bob", "name": "Bob", "groups": ["gardeners"]},
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """`oidc-provider-mock`, in a process of its own."""
    port = processes.free_port()
    people = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true", *people]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + patient(30)
        while True:
            try:
                httpx.get(f"{url}/.well-known/openid-configuration").raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def service(database_url: str, issuer: str) -> Iterator[Service]:
    home, port = make_home(), processes.free_port()
    server = LiveServer(
        home,
        WORKLOADS,
        DATABASE_URL=database_url,
        TRANCHE_PUBLIC_URL=f"http://127.0.0.1:{port}",
        TRANCHE_OIDC_ISSUER=issuer,
        TRANCHE_OIDC_CLIENT_ID="tranche",
        TRANCHE_OIDC_CLIENT_SECRET="secret",
        TRANCHE_OIDC_LABEL="Acme",
        TRANCHE_OIDC_GROUPS="tranche-admins=admin",
    )
    server.port = port
    try:
        server.start()
        yield Service(server)
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def new_context(browser: Browser, device: str = "desktop") -> BrowserContext:
    """The provider's pages ask for a style sheet on the internet, which is not to be waited for."""
    context = browser.new_context(**CONTEXTS[device])
    context.route("https://**", lambda route: route.abort())
    return context


@pytest.mark.parametrize("device", CONTEXTS)
def test_a_person_signs_in_comes_back_to_where_they_were_going_and_signs_out(
    browser: Browser, service: Service, issuer: str, device: str
) -> None:
    context = new_context(browser, device)
    page = context.new_page()
    page.goto(f"{service.url}/#/keys")
    button = page.get_by_role("link", name="Sign in with Acme")
    expect(button).to_be_visible()
    check_page(page, "signing in with a provider", device)
    button.click()
    page.wait_for_url(f"{issuer}/oauth2/authorize?**")
    page.get_by_role("button", name="ada").first.click()
    page.wait_for_url(f"{service.url}/#/keys")
    expect(page.get_by_label("New key")).to_be_visible()
    [cookie] = context.cookies(service.url)
    assert cookie["name"] == "tranche_session"
    assert cookie["httpOnly"]
    who = page.request.get(f"{service.url}/api/session").json()
    assert (who["user"]["email"], who["user"]["role"]) == ("ada@acme.example", "admin")
    page.evaluate("document.querySelector('#sign-out').click()")
    page.wait_for_url(f"{issuer}/oauth2/end_session?**")
    assert page.request.get(f"{service.url}/api/session").status == 401
    context.close()


def test_who_is_in_none_of_the_groups_is_told_so(browser: Browser, service: Service, issuer: str) -> None:
    context = new_context(browser)
    page = context.new_page()
    page.goto(f"{service.url}/sign-in/oidc")
    page.get_by_role("button", name="bob").first.click()
    expect(page.get_by_role("heading", name="You may not sign in here")).to_be_visible()
    expect(page.get_by_text("None of your groups gives access.")).to_be_visible()
    check_page(page, "a person without a group", "desktop")
    page.get_by_role("link", name="Sign in as somebody else").click()
    page.wait_for_url(f"{issuer}/oauth2/authorize?**")
    page.get_by_role("button", name="Deny").click()
    # This provider leaves out the state then, so nothing says whose answer it is.
    expect(page.get_by_role("heading", name="This sign-in cannot be finished")).to_be_visible()
    page.get_by_role("link", name="Open the console").click()
    expect(page.get_by_label("API key")).to_be_visible()
    context.close()


def test_a_page_of_another_site_does_not_sign_anybody_in(browser: Browser, service: Service, issuer: str) -> None:
    context = new_context(browser)
    page = context.new_page()
    link = f'<a href="{service.url}/sign-in/oidc">go</a>'
    page.route("http://elsewhere.example/", lambda route: route.fulfill(content_type="text/html", body=link))
    page.goto("http://elsewhere.example/")
    page.get_by_role("link", name="go").click()
    page.get_by_role("link", name="Sign in with Acme").click()
    page.wait_for_url(f"{issuer}/oauth2/authorize?**")
    context.close()
