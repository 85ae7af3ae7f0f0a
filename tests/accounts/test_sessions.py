"""Browsers: signed in by the printed link or by a key, and out again."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from app.auth.administrator import FirstAdministrator
from tests.auth.people import caller, cookie_of, key_of
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.files.bodies import query

pytestmark = pytest.mark.own_service

LINK = "/sign-in?token="


async def sign_in(api: Api, key: str = ADMIN_KEY) -> httpx.Response:
    async with caller(api) as client:
        return await client.post("/api/session", json={"key": key})


async def test_link_signs_in_and_goes_on_to_the_console(api: Api) -> None:
    async with caller(api) as browser:
        answer = await browser.get(f"{LINK}{api.installation.get(FirstAdministrator).sign_in_token}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        parts = {part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")}
        assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= parts
        assert "secure" not in parts
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        session = (await browser.get("/api/session")).json()
    assert (session["user"]["name"], session["user"]["role"]) == ("admin", "admin")
    assert session["organisation"]["name"] == "Default"


async def test_cookie_is_secure_behind_https(api: Api) -> None:
    async with caller(api, **{"X-Forwarded-Proto": "https"}) as browser:
        answer = await browser.get(f"{LINK}{api.installation.get(FirstAdministrator).sign_in_token}")
    assert "; secure" in answer.headers["Set-Cookie"].lower()


async def test_link_works_again_until_the_next_start(home: Path, database_url: str) -> None:
    settings = make_settings(home, database_url, worker="off")
    async with serving(settings) as api:
        link = f"{LINK}{api.installation.get(FirstAdministrator).sign_in_token}"
        async with caller(api) as first, caller(api) as second:
            kept = cookie_of(await first.get(link))
            assert kept != cookie_of(await second.get(link))
    async with serving(settings) as api:
        async with caller(api) as browser:
            answer = await browser.get(link)
            assert (answer.status_code, "Set-Cookie" in answer.headers) == (303, False)
            assert (await browser.get("/api/session")).status_code == 401
        async with caller(api, cookie=kept) as browser:
            assert (await browser.get("/api/session")).status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "%00", "%ED%A0%80", "x" * 500, ADMIN_KEY])
async def test_wrong_link_signs_nobody_in(api: Api, token: str) -> None:
    async with caller(api) as browser:
        answer = await browser.get(f"{LINK}{token}")
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (303, False)


async def test_session_is_no_link_and_link_is_no_session(api: Api) -> None:
    cookie = cookie_of(await sign_in(api))
    async with caller(api) as browser:
        assert "Set-Cookie" not in (await browser.get(f"{LINK}{cookie}")).headers
    async with caller(api, cookie=api.installation.get(FirstAdministrator).sign_in_token) as browser:
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
        await browser.delete("/api/session")
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
