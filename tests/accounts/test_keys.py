"""API keys: made, told once, used, expired and revoked: one's own, and by administrators all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.accounts.keys_router import MOST_OWN
from tests.auth.people import caller, key_of
from tests.conftest import ADMIN_KEY, Api
from tests.files.bodies import query

pytestmark = pytest.mark.own_service


async def works(api: Api, key: str) -> bool:
    async with caller(api, key) as client:
        answer = await client.get("/api/session")
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


async def test_key_is_told_once_and_works_until_revoked(api: Api) -> None:
    answer = await api.post("/api/keys", json={"name": "  nightly import "})
    assert answer.status_code == 201
    made = answer.json()
    assert made["key"].startswith("trn_")
    assert len(made["key"]) > 40
    assert (made["name"], made["hint"], made["user_name"]) == ("nightly import", made["key"][-4:], "admin")
    assert await works(api, made["key"])

    listed = await api.get("/api/keys")
    assert made["key"] not in listed.text
    assert made["id"] in [key["id"] for key in listed.json()["keys"]]

    assert (await api.delete(f"/api/keys/{made['id']}")).status_code == 204
    assert not await works(api, made["key"])
    assert made["id"] not in (await api.get("/api/keys")).text
    assert (await api.delete(f"/api/keys/{made['id']}")).status_code == 404


async def test_repeated_request_gets_the_same_key_which_is_stored_nowhere(api: Api) -> None:
    headers = {"Idempotency-Key": "one"}
    first, again = [await api.post("/api/keys", json={"name": "repeated"}, headers=headers) for _ in range(2)]
    assert (first.json(), again.headers["Idempotent-Replayed"]) == (again.json(), "true")
    assert await works(api, again.json()["key"])
    kept = await query(api, "select response::text from idempotency_keys where key = 'one'")
    assert first.json()["key"] not in kept
    async with caller(api, await key_of(api, "Default", user="another")) as another:
        refused = await another.post("/api/keys", json={"name": "repeated"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def test_key_works_until_its_end(api: Api) -> None:
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    for shown in (expires_at.isoformat(), expires_at.replace(tzinfo=None).isoformat()):
        answer = await api.post("/api/keys", json={"name": "short", "expires_at": shown})
        assert answer.status_code == 201, answer.text
        assert datetime.fromisoformat(answer.json()["expires_at"]) == expires_at
        assert await works(api, answer.json()["key"])
    await query(api, "update api_keys set expires_at = now() where id = :id returning 1", id=answer.json()["id"])
    assert not await works(api, answer.json()["key"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 256},
        {"name": "a\x00b"},
        {"name": 7},
        {"name": "x", "role": "admin"},
        {"name": "x", "expires_at": "soon"},
        {"name": "x", "expires_at": "0001-01-01T00:00:00+01:00"},
        {"name": "x", "expires_at": "9999-12-31T23:59:59-01:00"},
        {"name": "x", "expires_at": 1e300},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["operate"]},
        {"name": "x", "pipelines": []},
        {"name": "x", "user_id": "admin"},
    ],
)
async def test_key_that_cannot_be_made(api: Api, body: dict[str, object]) -> None:
    answer = await api.post("/api/keys", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_use_is_noted(api: Api) -> None:
    made = (await api.post("/api/keys", json={"name": "watched"})).json()
    assert made["last_used_at"] is None
    assert await works(api, made["key"])
    used = await query(api, "select last_used_at from api_keys where id = :id", id=made["id"])
    assert datetime.now(UTC) - used < timedelta(minutes=1)
    assert await works(api, made["key"])
    assert await query(api, "select last_used_at from api_keys where id = :id", id=made["id"]) == used


async def test_members_manage_their_own_keys_and_no_others(api: Api) -> None:
    foreign = (await api.get("/api/keys")).json()["keys"][0]
    async with caller(api, await key_of(api, "Default", user="ada", role="member")) as ada:
        assert {key["user_name"] for key in (await ada.get("/api/keys")).json()["keys"]} == {"ada"}
        made = (await ada.post("/api/keys", json={"name": "mine"})).json()
        async with caller(api, made["key"]) as program:
            session = (await program.get("/api/session")).json()
        assert (session["user"]["name"], session["permissions"]) == ("ada", ["read", "submit", "manage"])
        more = (await ada.post("/api/keys", json={"name": "more", "scopes": ["read", "admin"]})).json()
        async with caller(api, more["key"]) as program:
            assert (await program.get("/api/session")).json()["permissions"] == ["read"]
        refused = await ada.post("/api/keys", json={"name": "theirs", "user_id": foreign["user_id"]})
        assert (refused.status_code, refused.json()["code"]) == (403, "admin_only")
        assert (await ada.delete(f"/api/keys/{foreign['id']}")).status_code == 404
        assert (await ada.post(f"/api/keys/{foreign['id']}/rotate", json={})).status_code == 404
        narrow = (await ada.post("/api/keys", json={"name": "reads", "scopes": ["read"]})).json()
        limited = (await ada.post("/api/keys", json={"name": "one", "pipelines": ["no-op"]})).json()
        for key in (narrow, limited):  # they make no keys, and end none of ada's
            async with caller(api, key["key"]) as program:
                for answer in (
                    await program.get("/api/keys"),
                    await program.post("/api/keys", json={"name": "more"}),
                    await program.post(f"/api/keys/{made['id']}/rotate", json={}),
                    await program.delete(f"/api/keys/{made['id']}"),
                ):
                    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")
        rotated = await ada.post(f"/api/keys/{made['id']}/rotate", json={"overlap_hours": 0})
        assert rotated.status_code == 201
        assert (await ada.delete(f"/api/keys/{narrow['id']}")).status_code == 204
        assert not await works(api, narrow["key"])
    # An administrator sees them, and ends them.
    assert limited["id"] in [key["id"] for key in (await api.get("/api/keys")).json()["keys"]]
    assert (await api.delete(f"/api/keys/{limited['id']}")).status_code == 204
    assert not await works(api, limited["key"])
    assert await works(api, ADMIN_KEY)


async def test_a_member_cannot_use_up_the_keys_of_the_organisation(api: Api) -> None:
    async with caller(api, await key_of(api, "Default", user="eager", role="viewer")) as eager:
        answers = [await eager.post("/api/keys", json={"name": "one more"}) for _ in range(MOST_OWN)]
        assert [answer.status_code for answer in answers] == [201] * (MOST_OWN - 1) + [429]
        problem = answers[-1].json()
        assert (problem["code"], problem["quota"], problem["limit"]) == ("quota_exceeded", "keys", MOST_OWN)
        assert (await eager.delete(f"/api/keys/{answers[0].json()['id']}")).status_code == 204
        assert (await eager.post("/api/keys", json={"name": "one more"})).status_code == 201


@pytest.mark.parametrize(
    "value",
    [
        b"Basic " + ADMIN_KEY.encode(),
        b"Bearer",
        b"bearer  wrong",
        ADMIN_KEY.encode(),
        b"Bearer " + ADMIN_KEY.upper().encode(),
        b"Bearer " + ADMIN_KEY.encode()[:-1],
        b"Bearer \xff\xfe",
        b"Bearer " + b"x" * 20_000,
    ],
)
async def test_credentials_that_are_none(api: Api, value: bytes) -> None:
    async with httpx.AsyncClient(base_url=api.base_url) as client:
        answer = await client.get("/api/session", headers={"Authorization": value})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")
    assert ADMIN_KEY not in answer.text


async def test_scheme_is_read_in_any_case(api: Api) -> None:
    async with httpx.AsyncClient(base_url=api.base_url) as client:
        answer = await client.get("/api/session", headers={"Authorization": f"BEARER   {ADMIN_KEY}"})
    assert answer.status_code == 200
