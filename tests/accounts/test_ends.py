"""Sessions, keys and tickets end with what they come from, and are listed and ended by those who may."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.auth.people import caller, cookie_of, key_of
from tests.batch_helpers import submit
from tests.conftest import ADMIN_KEY, Api
from tests.files.bodies import query
from tests.patience import within

pytestmark = [pytest.mark.own_service, pytest.mark.every_postgres]

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def make_key(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    reply = await client.post("/api/keys", json={"name": "made"} | body)
    assert reply.status_code == 201, reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    return dict(reply.json())


async def sign_in(api: Api, key: str, **headers: str) -> str:
    async with caller(api, **headers) as browser:
        reply = await browser.post("/api/session", json={"key": key})
        assert reply.status_code == 201, reply.text
        return cookie_of(reply)


async def status_of(api: Api, key: str | None = None, cookie: str | None = None) -> int:
    async with caller(api, key, cookie) as client:
        return (await client.get("/api/session")).status_code


async def sessions_of(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    reply = await client.get("/api/sessions", params=params)
    assert reply.status_code == 200, reply.text
    return list(reply.json()["sessions"])


def soon(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


async def test_a_revoked_key_takes_its_sessions_and_what_was_made_with_it_along(api: Api) -> None:
    key = await make_key(api)
    cookie = await sign_in(api, key["key"])
    async with caller(api, key["key"]) as program, caller(api, cookie=cookie) as browser:
        by_key, by_session = await make_key(program), await make_key(browser)
    async with caller(api, by_session["key"]) as program:
        grandchild = await make_key(program)
    assert by_key["parent_id"] == by_session["parent_id"] == key["id"]
    assert grandchild["parent_id"] == by_session["id"]
    of_child = await sign_in(api, grandchild["key"])
    assert (await api.delete(f"/api/keys/{key['id']}")).status_code == 204
    for each in (key, by_key, by_session, grandchild):
        assert await status_of(api, each["key"]) == 401
    for each_cookie in (cookie, of_child):
        assert await status_of(api, cookie=each_cookie) == 401
        async with caller(api, cookie=each_cookie) as browser:
            assert (await browser.post("/api/keys", json={"name": "again"})).status_code == 401
    assert await status_of(api, ADMIN_KEY) == 200


async def test_an_expired_key_s_cookie_is_over_as_well(api: Api) -> None:
    end = soon(hours=1)
    key = await make_key(api, expires_at=end)
    async with caller(api) as browser:
        answer = await browser.post("/api/session", json={"key": key["key"]})
    age = int(answer.headers["Set-Cookie"].lower().partition("max-age=")[2].partition(";")[0])
    assert 3500 <= age <= 3600
    cookie = cookie_of(answer)
    async with caller(api, cookie=cookie) as browser:
        (mine,) = [each for each in await sessions_of(browser) if each["current"]]
        assert datetime.fromisoformat(mine["expires_at"]) == datetime.fromisoformat(end)
        assert datetime.fromisoformat((await make_key(browser))["expires_at"]) == datetime.fromisoformat(end)
    await query(api, "update api_keys set expires_at = now() where id = :id returning 1", id=key["id"])
    assert (await status_of(api, key["key"]), await status_of(api, cookie=cookie)) == (401, 401)


async def test_an_idle_session_is_over_and_use_keeps_it(api: Api) -> None:
    cookie = await sign_in(api, ADMIN_KEY)
    past = "update sessions set last_used_at = now() - interval '2 hours', idle_ends_at = {} returning 1"
    await query(api, past.format("now() + interval '1 minute'"))
    assert await status_of(api, cookie=cookie) == 200
    left = await query(api, "select max(idle_ends_at - now()) from sessions where kind = 'browser'")
    assert left > timedelta(days=6)
    await query(api, past.format("now()"))
    assert await status_of(api, cookie=cookie) == 401


async def test_a_session_has_the_rights_of_its_key(api: Api) -> None:
    key = await make_key(api, scopes=["read"], pipelines=["no-op"])
    async with caller(api, cookie=await sign_in(api, key["key"])) as browser:
        session = (await browser.get("/api/session")).json()
        assert (session["permissions"], session["pipelines"]) == (["read"], ["no-op"])
        assert (await browser.get("/api/batches")).status_code == 200
        assert (await browser.post("/api/keys", json={"name": "more"})).json()["code"] == "admin_only"


async def test_sessions_are_listed_and_ended(api: Api) -> None:
    key = await key_of(api, "Harbour", user="ada", role="member")
    other = await key_of(api, "Harbour", user="grace")
    first, second = await sign_in(api, key, **{"User-Agent": FIREFOX}), await sign_in(api, key)
    of_grace = await sign_in(api, other)
    async with caller(api, cookie=first) as ada, caller(api, cookie=of_grace) as grace, caller(api, key) as program:
        mine = await sessions_of(ada)
        assert [each["current"] for each in mine] == [False, True]
        assert {name: mine[1][name] for name in ("user_name", "device", "client_address", "key_name")} == {
            "user_name": "ada",
            "device": "Firefox on Linux",
            "client_address": "127.0.0.1",
            "key_name": "a test's key",
        }
        assert first not in str(mine)
        refused = await ada.get("/api/sessions", params={"whose": "organisation"})
        assert (refused.status_code, refused.json()["code"]) == (403, "admin_only")
        everyone = await sessions_of(grace, whose="organisation")
        assert [each["user_name"] for each in everyone] == ["grace", "ada", "ada"]
        # A member ends their own only, an administrator those of the organisation, and nobody another's.
        assert (await ada.delete(f"/api/sessions/{everyone[0]['id']}")).status_code == 404
        assert (await api.delete(f"/api/sessions/{everyone[0]['id']}")).status_code == 404
        assert (await program.delete(f"/api/sessions/{mine[0]['id']}")).status_code == 204
        assert await status_of(api, cookie=second) == 401
        assert (await grace.delete(f"/api/sessions/{mine[1]['id']}")).status_code == 204
        assert await status_of(api, cookie=first) == 401
        assert (await sessions_of(program), await status_of(api, cookie=of_grace)) == ([], 200)


async def test_signing_out_everywhere_ends_sessions_and_tickets_but_no_keys(api: Api) -> None:
    key = await key_of(api, "Harbour", user="mary", role="member")
    admin = await key_of(api, "Harbour", user="grace")
    cookies = [await sign_in(api, key) for _ in range(3)]
    stranger = await sign_in(api, ADMIN_KEY)
    async with caller(api, key) as program, caller(api, cookie=cookies[0]) as browser, caller(api) as page:
        batch_id = await submit(program, "no-op", [{}], start=False)
        tickets = [
            (await each.post(f"/api/batches/{batch_id}/stream-tickets")).json()["url"] for each in (program, browser)
        ]
        gone = await browser.delete("/api/sessions")
        assert (gone.status_code, gone.json()) == (200, {"ended": 3})
        assert [await status_of(api, cookie=cookie) for cookie in cookies] == [401] * 3
        assert [(await page.get(ticket)).status_code for ticket in tickets] == [401, 401]
        assert (await status_of(api, key), await status_of(api, cookie=stranger)) == (200, 200)
        again = await sign_in(api, key)
        mary = (await program.get("/api/session")).json()["user"]["id"]
        refused = await program.delete("/api/sessions", params={"user_id": str(await user_id_of(api, "grace"))})
        assert refused.status_code == 403
        async with caller(api, admin) as grace:
            assert (await grace.delete("/api/sessions", params={"user_id": mary})).json() == {"ended": 1}
        assert (await api.delete("/api/sessions", params={"user_id": mary})).status_code == 404
    assert await status_of(api, cookie=again) == 401


async def user_id_of(api: Api, name: str) -> object:
    return await query(api, "select id from users where name = :name", name=name)


async def test_a_stream_ends_promptly_with_its_key_its_session_and_their_end(api: Api) -> None:
    """Not at the next check, which is a minute away."""
    batch_id = await submit(api, "no-op", [{}], start=False)
    path, sse = f"/api/batches/{batch_id}/events", {"Accept": "text/event-stream"}
    revoked, expiring = await make_key(api), await make_key(api)
    cookie, elsewhere = await sign_in(api, revoked["key"]), await sign_in(api, ADMIN_KEY)
    await query(
        api, "update api_keys set expires_at = now() + interval '3 s' where id = :id returning 1", id=expiring["id"]
    )
    async with (
        caller(api, revoked["key"]) as program,
        caller(api, cookie=cookie) as browser,
        caller(api, expiring["key"]) as other,
        caller(api, cookie=elsewhere) as last,
        program.stream("GET", path, headers=sse) as of_key,
        browser.stream("GET", "/api/events") as of_session,
        other.stream("GET", path, headers=sse) as of_expiring,
        last.stream("GET", "/api/events") as of_last,
        within(15),
    ):
        await of_expiring.aread()
        assert (await api.delete(f"/api/keys/{revoked['id']}")).status_code == 204
        await asyncio.gather(of_key.aread(), of_session.aread())
        await last.delete("/api/session")
        await of_last.aread()


async def test_a_child_key_never_has_more_rights_or_life(api: Api) -> None:
    end = soon(days=2)
    narrow = await make_key(api, scopes=["read", "admin"], expires_at=end)
    async with caller(api, narrow["key"]) as program:
        child = await make_key(program)
        members = ("scopes", "expires_at", "parent_id")
        expected = ["read", "admin"], narrow["expires_at"], narrow["id"]
        assert tuple(child[name] for name in members) == expected
        smaller = await make_key(program, scopes=["read"], pipelines=["no-op"], expires_at=soon(hours=1))
        assert (smaller["scopes"], smaller["pipelines"]) == (["read"], ["no-op"])
        for more, status, code in (
            ({"scopes": ["read", "submit"]}, 403, "exceeds_own_rights"),
            ({"expires_at": soon(days=3)}, 422, "expiry_not_possible"),
        ):
            refused = await program.post("/api/keys", json={"name": "more"} | more)
            assert (refused.status_code, refused.json()["code"]) == (status, code), more
        async with caller(api, smaller["key"]) as limited:  # one that is limited to pipelines makes none at all
            assert (await limited.post("/api/keys", json={"name": "more"})).json()["code"] == "admin_only"
        # Nor does it get hold of a wider key by rotating it.
        wide = await make_key(api)
        refused = await program.post(f"/api/keys/{wide['id']}/rotate", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "exceeds_own_rights")


async def test_an_end_that_is_past_or_at_once_is_refused(api: Api) -> None:
    for expires_at in (soon(seconds=-1), soon(seconds=20), "2020-01-01T00:00:00"):
        refused = await api.post("/api/keys", json={"name": "x", "expires_at": expires_at})
        assert (refused.status_code, refused.json()["code"]) == (422, "expiry_not_possible"), expires_at


async def test_administrators_make_keys_for_others_of_their_organisation(api: Api) -> None:
    admin = await key_of(api, "Northgate", user="admin")
    viewer = await key_of(api, "Northgate", user="viewer", role="viewer")
    async with caller(api, admin) as northgate, caller(api, viewer) as program:
        user_id = (await program.get("/api/session")).json()["user"]["id"]
        key = await make_key(northgate, user_id=user_id)
        assert (key["user_name"], key["scopes"]) == ("viewer", ["read"])
        async with caller(api, key["key"]) as theirs:
            assert (await theirs.get("/api/session")).json()["permissions"] == ["read"]
        refused = await api.post("/api/keys", json={"name": "x", "user_id": user_id})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


async def test_no_administrator_gets_an_operator_s_rights(api: Api) -> None:
    plain = await key_of(api, "Default", user="plain administrator")
    operator = (await api.get("/api/session")).json()
    assert "operate" in operator["permissions"]
    async with caller(api, plain) as program:
        key = await make_key(program, user_id=operator["user"]["id"])
        assert "operate" not in key["scopes"]
        async with caller(api, key["key"]) as theirs:
            assert "operate" not in (await theirs.get("/api/session")).json()["permissions"]
        first = (await api.get("/api/keys")).json()["keys"][0]
        assert first["user_id"] == operator["user"]["id"]
        refused = await program.post(f"/api/keys/{first['id']}/rotate", json={"overlap_hours": 0})
        assert (refused.status_code, refused.json()["code"]) == (403, "exceeds_own_rights")
    assert await status_of(api, ADMIN_KEY) == 200


async def test_rotation_with_an_overlap(api: Api) -> None:
    key = await make_key(api, scopes=["read", "admin"])
    cookie = await sign_in(api, key["key"])
    async with caller(api, key["key"]) as program:
        child = await make_key(program)
    headers = {"Idempotency-Key": "rotate-once"}
    first, again = [
        await api.post(f"/api/keys/{key['id']}/rotate", json={"overlap_hours": 2}, headers=headers) for _ in range(2)
    ]
    assert (first.status_code, first.json()) == (201, again.json())
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "no-store"
    made = first.json()
    assert {name: made[name] for name in ("name", "scopes", "pipelines", "user_id")} == {
        name: key[name] for name in ("name", "scopes", "pipelines", "user_id")
    }
    left = datetime.fromisoformat(made["old_key_expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=58) < left <= timedelta(hours=2)
    for works in (key["key"], made["key"], child["key"]):
        assert await status_of(api, works) == 200
    await query(api, "update api_keys set expires_at = now() where id = :id returning 1", id=key["id"])
    assert [await status_of(api, each) for each in (key["key"], made["key"], child["key"])] == [401, 200, 200]
    assert await status_of(api, cookie=cookie) == 401
    assert (await api.post(f"/api/keys/{key['id']}/rotate", json={})).status_code == 404
    listed = {each["id"]: each for each in (await api.get("/api/keys")).json()["keys"]}
    assert listed[child["id"]]["parent_id"] == made["id"]


async def test_the_new_key_is_as_narrow_as_the_old_one(api: Api) -> None:
    end = soon(days=2)
    key = await make_key(api, scopes=["read"], pipelines=["no-op"], expires_at=end)
    made = (await api.post(f"/api/keys/{key['id']}/rotate", json={})).json()
    assert (made["scopes"], made["pipelines"], made["expires_at"]) == (["read"], ["no-op"], key["expires_at"])
    later = soon(days=9)
    made = (await api.post(f"/api/keys/{made['id']}/rotate", json={"expires_at": later})).json()
    assert datetime.fromisoformat(made["expires_at"]) == datetime.fromisoformat(later)


async def test_a_key_rotates_itself_at_once(api: Api) -> None:
    key = await make_key(api)
    async with caller(api, key["key"]) as program:
        child = await make_key(program)
        made = (await program.post(f"/api/keys/{key['id']}/rotate", json={"overlap_hours": 0})).json()
    assert made["old_key_expires_at"] is None
    assert made["parent_id"] == key["parent_id"]
    assert [await status_of(api, each) for each in (key["key"], made["key"], child["key"])] == [401, 200, 200]
    async with caller(api, child["key"]) as program:  # one that was made with it rotates it: no circle
        after = (await program.post(f"/api/keys/{made['id']}/rotate", json={"overlap_hours": 0})).json()
    assert [await status_of(api, each) for each in (made["key"], after["key"], child["key"])] == [401, 200, 200]
    assert (await api.delete(f"/api/keys/{after['id']}")).status_code == 204
    assert await status_of(api, child["key"]) == 401
