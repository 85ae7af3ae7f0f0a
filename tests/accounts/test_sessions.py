"""Browsers: signed in by a link, which works once, or by a key, and out again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from app.accounts.administrator import FirstAdministrator
from app.auth import service, sessions
from app.auth.settings import AuthSettings
from tests.auth.people import caller, cookie_of, key_of
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.files.bodies import query

pytestmark = pytest.mark.own_service

LINK = "/sign-in?token="


async def sign_in(api: Api, key: str = ADMIN_KEY) -> httpx.Response:
    async with caller(api) as client:
        return await client.post("/api/session", json={"key": key})


def token_of(api: Api) -> str:
    return api.installation.get(FirstAdministrator).sign_in_token


async def new_link(api: Api) -> str:
    """A link for the first administrator; the one before no longer works."""
    async with api.installation.database.transaction() as session:
        user = await service.ensure_user(session, "Default", "admin", "admin")
        return await sessions.make_link(session, user, api.installation.get(AuthSettings).link_life)


async def follow(browser: httpx.AsyncClient, token: str, **headers: str) -> httpx.Response:
    """Press the button of the link's page."""
    return await browser.post("/sign-in", data={"token": token}, headers=headers)


async def test_link_signs_in_and_goes_on_to_the_console(api: Api) -> None:
    async with caller(api) as browser:
        answer = await follow(browser, token_of(api))
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        parts = {part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")}
        assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= parts
        assert "secure" not in parts
        assert answer.headers["Cache-Control"] == "no-store"
        session = (await browser.get("/api/session")).json()
    assert (session["user"]["name"], session["user"]["role"]) == ("admin", "admin")
    assert session["organisation"]["name"] == "Default"


async def test_the_link_of_a_start_is_in_the_audit_log(api: Api) -> None:
    found = (await api.get("/api/audit?action=sign_in_link.created")).json()["entries"]
    assert [(entry["actor_kind"], entry["target_name"]) for entry in found] == [("service", "admin")]


async def test_looking_at_a_link_changes_nothing_and_it_works_once(api: Api) -> None:
    token = await new_link(api)
    async with caller(api) as preview, caller(api) as browser:
        for _ in range(3):
            page = await preview.get(f"{LINK}{token}")
            assert (page.status_code, "Set-Cookie" in page.headers) == (200, False)
            assert "<strong>admin</strong> of <strong>Default</strong>" in page.text
            assert page.headers["Cache-Control"] == "no-store"
            assert "form-action 'self'; frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert (await preview.get("/api/session")).status_code == 401
        answers = await asyncio.gather(*(follow(browser, token) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410, 410]
        page = await preview.get(f"{LINK}{token}")
    assert (page.status_code, "tranche sign-in" in page.text) == (410, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_s_page_cannot_follow_a_link(api: Api, headers: dict[str, str]) -> None:
    token = await new_link(api)
    async with caller(api) as browser:
        refused = await follow(browser, token, **headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
        assert "Set-Cookie" not in refused.headers
        assert (await follow(browser, token)).status_code == 303


async def test_an_old_link_says_how_to_get_another(api: Api) -> None:
    token = await new_link(api)
    assert await query(api, "update sessions set expires_at = now() where kind = 'link' returning 1")
    async with caller(api) as browser:
        for answer in (await browser.get(f"{LINK}{token}"), await follow(browser, token)):
            assert (answer.status_code, "Set-Cookie" in answer.headers) == (410, False)
            assert "within 10 minutes" in answer.text


async def test_a_new_link_ends_the_one_before(api: Api) -> None:
    first, second = await new_link(api), await new_link(api)
    async with caller(api) as browser:
        assert (await browser.get(f"{LINK}{first}")).status_code == 410
        assert (await browser.get(f"{LINK}{second}")).status_code == 200


async def test_cookie_is_secure_behind_https(api: Api) -> None:
    async with caller(api, **{"X-Forwarded-Proto": "https"}) as browser:
        answer = await follow(browser, await new_link(api))
    assert "; secure" in answer.headers["Set-Cookie"].lower()


async def test_sessions_are_those_of_the_database_in_every_process(home: Path, database_url: str) -> None:
    settings = make_settings(home, database_url, worker="off")
    async with serving(settings) as one, serving(settings) as other:
        async with caller(one) as browser:
            cookie = cookie_of(await browser.post("/api/session", json={"key": ADMIN_KEY}))
        async with caller(other, cookie=cookie) as there:
            assert (await there.get("/api/session")).status_code == 200
            (session,) = [each for each in (await there.get("/api/sessions")).json()["sessions"] if each["current"]]
        async with caller(one, cookie=cookie) as here:
            assert (await here.delete(f"/api/sessions/{session['id']}")).status_code == 204
        async with caller(other, cookie=cookie) as there:
            assert (await there.get("/api/session")).status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", "%00", "%ED%A0%80", "x" * 500, ADMIN_KEY])
async def test_wrong_link_signs_nobody_in(api: Api, token: str) -> None:
    async with caller(api) as browser:
        for answer in (await browser.get(f"{LINK}{token}"), await follow(browser, token)):
            assert (answer.status_code, "Set-Cookie" in answer.headers) == (410, False)


async def test_session_is_no_link_and_link_is_no_session(api: Api) -> None:
    cookie = cookie_of(await sign_in(api))
    async with caller(api) as browser:
        assert "Set-Cookie" not in (await follow(browser, cookie)).headers
    async with caller(api, cookie=await new_link(api)) as browser:
        assert (await browser.get("/api/session")).json()["code"] == "not_signed_in"


async def test_key_signs_in_and_sign_out_ends_the_session_for_good(api: Api) -> None:
    answer = await sign_in(api, await key_of(api, "Harbour", user="ada", role="member"))
    assert answer.status_code == 201
    assert "httponly" in answer.headers["Set-Cookie"].lower()
    assert (answer.json()["user"]["name"], answer.json()["organisation"]["name"]) == ("ada", "Harbour")
    async with caller(api, cookie=cookie_of(answer)) as browser:
        assert (await browser.get("/api/session")).json() == answer.json()
        gone = await browser.delete("/api/session")
        assert gone.status_code == 204
        assert "max-age=0" in gone.headers["Set-Cookie"].lower()
    async with caller(api, cookie=cookie_of(answer)) as browser:
        assert (await browser.get("/api/session")).status_code == 401


async def test_repeated_sign_in_is_the_same_session(api: Api) -> None:
    async with caller(api, **{"Idempotency-Key": "sign-in"}) as browser:
        first, again = [await browser.post("/api/session", json={"key": ADMIN_KEY}) for _ in range(2)]
        assert cookie_of(first) == cookie_of(again)
        refused = await browser.post("/api/session", json={"key": "wrong"})
    assert refused.status_code == 401
    async with caller(api, cookie=cookie_of(again)) as browser:
        assert (await browser.get("/api/session")).json() == first.json()


async def test_signing_out_ends_only_the_own_session(api: Api) -> None:
    first, second = cookie_of(await sign_in(api)), cookie_of(await sign_in(api))
    async with caller(api, cookie=first) as browser:
        answer = await browser.delete("/api/session")
        assert answer.headers["Clear-Site-Data"] == '"cache"', "its preferences stay"
    async with caller(api, cookie=second) as browser:
        assert (await browser.get("/api/session")).status_code == 200


@pytest.mark.parametrize("key", ["", "wrong", "x" * 500, "ключ", "a b"])
async def test_wrong_key_signs_nobody_in(api: Api, key: str) -> None:
    answer = await sign_in(api, key)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")
    assert "Set-Cookie" not in answer.headers


async def test_expired_session_is_over(api: Api) -> None:
    cookie = cookie_of(await sign_in(api, await key_of(api, "Northgate")))
    past = "update sessions set expires_at = now() - interval '1 s' where user_id in (select u.id from users u join"
    await query(api, past + " organisations o on o.id = u.organisation_id where o.name = 'Northgate') returning 1")
    async with caller(api, cookie=cookie) as browser:
        assert (await browser.get("/api/session")).json()["code"] == "not_signed_in"


async def test_key_wins_over_cookie(api: Api) -> None:
    cookie = cookie_of(await sign_in(api))
    async with caller(api, await key_of(api, "Riverbend"), cookie) as client:
        assert (await client.get("/api/session")).json()["organisation"]["name"] == "Riverbend"
    async with caller(api, "wrong", cookie) as client:
        assert (await client.get("/api/session")).status_code == 401


async def test_signing_in_ends_the_session_that_the_browser_had(api: Api) -> None:
    async with caller(api) as browser:
        await browser.post("/api/session", json={"key": ADMIN_KEY})
        first = dict(browser.cookies)
        await browser.post("/api/session", json={"key": ADMIN_KEY})
        assert (await browser.get("/api/session")).status_code == 200
    async with caller(api) as other:
        other.cookies.update(first)
        assert (await other.get("/api/session")).status_code == 401


async def test_over_https_the_cookie_belongs_to_this_very_host(api: Api) -> None:
    async with caller(api) as browser:
        browser.headers["X-Forwarded-Proto"] = "https"
        signed_in = await browser.post("/api/session", json={"key": ADMIN_KEY})
        name, _, rest = signed_in.headers["Set-Cookie"].partition("=")
        assert name == "__Host-tranche_session"
        assert {"secure", "path=/", "httponly"} <= {part.strip().lower() for part in rest.split(";")}
        cookie = rest.partition(";")[0]
        for sent, status in ((f"{name}={cookie}", 200), (f"tranche_session={cookie}", 401)):
            assert (await browser.get("/api/session", headers={"Cookie": sent})).status_code == status
