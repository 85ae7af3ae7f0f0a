"""What happens often is counted: a flood leaves few rows, and nothing of it is lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.audit.actions import Action
from app.audit.record import Actor, Target
from app.audit.tallies import MOST_AT_ONCE, Tallies
from app.kit.ids import new_id
from tests.auth.people import caller, key_of
from tests.batch_helpers import submit
from tests.conftest import Api

pytestmark = pytest.mark.own_service


async def rows_of(api: Api, action: Action) -> list[Any]:
    async with api.installation.database.transaction() as session:
        query = text("select * from audit_log where action = :action order by at, id")
        return list((await session.execute(query, {"action": action.value})).mappings())


async def test_ten_thousand_wrong_keys_are_two_rows(api: Api) -> None:
    tallies = Tallies(api.installation.database)
    for number in range(10_000):
        tallies.note(
            Action.CREDENTIAL_REFUSED,
            outcome="failure",
            credential_hash=number.to_bytes(32, "big"),
            address="192.0.2.1",
        )
        if number == 0:
            await tallies.turn()
    await tallies.stop()
    rows = await rows_of(api, Action.CREDENTIAL_REFUSED)
    assert [row["details"]["count"] for row in rows] == [1, 9999]
    assert {row["client_address"] for row in rows} == {"192.0.2.1"}
    assert {row["organisation_id"] for row in rows} == {None}


async def test_a_flood_from_everywhere_is_a_few_rows(api: Api) -> None:
    tallies = Tallies(api.installation.database)
    for number in range(5_000):
        tallies.note(Action.SESSION_REFUSED, outcome="failure", address=f"2001:db8::{number:x}")
    await tallies.stop()
    rows = await rows_of(api, Action.SESSION_REFUSED)
    assert len(rows) == MOST_AT_ONCE + 1
    assert sum(row["details"]["count"] for row in rows) == 5_000
    assert [row["details"]["count"] for row in rows if row["client_address"] is None] == [5_000 - MOST_AT_ONCE]


async def test_a_database_that_is_away_loses_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tallies = Tallies(api.installation.database)
    tallies.note(Action.BATCH_EXPORTED, target=Target("batch", "b", "kept"))

    async def fail(*_: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr("app.audit.repository.add", fail)
        await tallies.turn()
    await tallies.turn()
    assert [row["target_name"] for row in await rows_of(api, Action.BATCH_EXPORTED)] == ["kept"]


async def flushed(api: Api) -> None:
    await api.installation.get(Tallies).write_everything()


async def test_refused_credentials_are_told_of_without_them(api: Api) -> None:
    async with caller(api, "trn_never-was-one-of-ours") as stranger:
        assert (await stranger.get("/api/batches", headers={"X-Request-Id": "wrong"})).status_code == 401
    refused = {"key": "trn_no-key-to-sign-in-with"}
    async with caller(api) as stranger:
        assert (await stranger.post("/api/session", json=refused)).status_code == 401
    await flushed(api)
    (wrong,) = [row for row in await rows_of(api, Action.CREDENTIAL_REFUSED) if row["request_id"] == "wrong"]
    assert (wrong["outcome"], wrong["client_address"], wrong["actor_kind"]) == ("failure", "127.0.0.1", "anonymous")
    (signing_in,) = [row for row in await rows_of(api, Action.SESSION_REFUSED) if row["client_address"] == "127.0.0.1"]
    assert "never-was" not in str(wrong)
    assert "sign-in-with" not in str(signing_in)


async def test_a_revoked_key_that_is_used_is_told_to_its_organisation(api: Api) -> None:
    key = await key_of(api, "Default", user="leaver", role="member")
    made = next(one for one in (await api.get("/api/keys")).json()["keys"] if one["user_name"] == "leaver")
    assert (await api.delete(f"/api/keys/{made['id']}")).status_code == 204
    async with caller(api, key) as leaver:
        for _ in range(3):
            assert (await leaver.get("/api/batches")).status_code == 401
    await flushed(api)
    rows = [row for row in await rows_of(api, Action.CREDENTIAL_REFUSED) if row["target_id"] == made["id"]]
    organisation = (await api.get("/api/session")).json()["organisation"]["id"]
    assert {row["organisation_id"] for row in rows} == {UUID(organisation)}
    assert rows[0]["target_name"] == "a test's key"


async def test_downloads_and_opened_codes_are_counted(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    code = (await api.post(f"/api/batches/{batch_id}/result-codes")).json()
    assert (await api.get(f"/api/batches/{batch_id}/export")).status_code == 200
    async with caller(api) as stranger:
        assert (await stranger.get(f"/api/results/{code['code']}")).status_code == 200
        assert (await stranger.get("/api/results/AAAA-AAAA-AAAA")).status_code == 404
    await flushed(api)
    (export,) = [row for row in await rows_of(api, Action.BATCH_EXPORTED) if row["target_id"] == batch_id]
    assert export["actor_kind"] == "user"
    (opened,) = await rows_of(api, Action.RESULT_CODE_OPENED)
    assert (opened["target_id"], opened["actor_kind"]) == (code["id"], "anonymous")
    assert opened["organisation_id"] == export["organisation_id"]
    (refused,) = await rows_of(api, Action.RESULT_CODE_REFUSED)
    assert "AAAA" not in str(refused)
    assert code["code"] not in str(opened)


async def test_what_somebody_may_not_do_is_told_once_a_minute_for_each_operation(api: Api) -> None:
    async with caller(api, await key_of(api, "Default", user="looker", role="viewer")) as viewer:
        for number in range(30):
            name = f"/api/templates/0197e9a2-6f3c-7c55-9d1e-2a4b6c8d0e{number:02}"
            assert (await viewer.delete(name)).status_code == 403
        await flushed(api)
        assert (await viewer.get("/api/users")).status_code == 403
        assert (await viewer.delete("/api/templates/0197e9a2-6f3c-7c55-9d1e-2a4b6c8d0e1f")).status_code == 403
    async with caller(api, cookie="anything", Origin="https://evil.example") as stranger:
        assert (await stranger.post("/api/batches", json={})).status_code == 403
    await flushed(api)
    told = [
        (row["actor_name"], row["target_kind"], row["target_id"], row["details"]["reason"], row["outcome"])
        for row in await rows_of(api, Action.PERMISSION_REFUSED)
    ]
    deleting = ("looker", "operation", "DELETE /api/templates/{template_id}", "permission_missing", "failure")
    assert set(told) == {
        deleting,
        ("looker", "operation", "GET /api/users", "admin_only", "failure"),
        (None, "operation", "POST /api/batches", "cross_site_request", "failure"),
    }
    counts = [
        r["details"]["count"] for r in await rows_of(api, Action.PERMISSION_REFUSED) if "DELETE" in r["target_id"]
    ]
    assert sum(counts) == 31
    assert len(counts) <= 4  # the first at once, the rest when it was asked for
    organisation = (await api.get("/api/session")).json()["organisation"]["id"]
    (users,) = [r for r in await rows_of(api, Action.PERMISSION_REFUSED) if r["target_id"] == "GET /api/users"]
    assert users["organisation_id"] == UUID(organisation)


async def test_a_flood_in_one_organisation_takes_no_detail_from_another(api: Api) -> None:
    tallies, quiet, loud = Tallies(api.installation.database), new_id(), new_id()
    for number in range(5_000):
        keyed = Actor("user", "loud", id=loud, credential_id=new_id(), organisation_id=loud)
        target = Target("operation", f"GET /{number}")
        tallies.note(Action.PERMISSION_REFUSED, who=keyed, target=target, outcome="failure", reason="x")
    other = Actor("user", "quiet", id=quiet, organisation_id=quiet)
    tallies.note(Action.PERMISSION_REFUSED, who=other, target=Target("operation", "GET /one"), outcome="failure")
    await tallies.stop()
    rows = await rows_of(api, Action.PERMISSION_REFUSED)
    assert len([row for row in rows if row["organisation_id"] == loud]) == MOST_AT_ONCE + 1
    assert sum(row["details"]["count"] for row in rows if row["organisation_id"] == loud) == 5_000
    assert [row["target_id"] for row in rows if row["organisation_id"] == quiet] == ["GET /one"]
