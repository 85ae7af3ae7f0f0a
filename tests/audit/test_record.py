"""What is recorded is there with the change, or not at all; and nobody can take it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import repository
from app.audit.actions import Action
from app.audit.models import AuditEntry
from app.audit.record import SERVICE, Actor, Target, changed, operator_at_shell, record
from app.auth.caller import Caller
from tests.conftest import Api

pytestmark = [pytest.mark.own_service, pytest.mark.every_postgres]
APP = Path(__file__).resolve().parents[2] / "app"
ORGANISATION = uuid4()
CALLER = Caller(ORGANISATION, uuid4(), "Robin", None, "admin", "192.0.2.7", uuid4())


async def entries(session: AsyncSession, **values: Any) -> list[AuditEntry]:
    query = select(AuditEntry).filter_by(**values).order_by(AuditEntry.at, AuditEntry.id)
    return list((await session.execute(query)).scalars())


async def test_an_entry_says_who_did_what_to_what(api: Api) -> None:
    async with api.installation.database.transaction() as session:
        target = Target("key", uuid4(), "nightly")
        await record(session, CALLER, Action.KEY_CREATED, target=target, details={"expires_at": datetime.now(UTC)})
    async with api.installation.database.transaction() as session:
        (entry,) = await entries(session, organisation_id=ORGANISATION, action="key.created")
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("user", CALLER.user_id, "Robin")
    assert (entry.credential_id, entry.client_address) == (CALLER.credential_id, "192.0.2.7")
    assert (entry.target_kind, entry.target_id, entry.target_name) == ("key", str(target.id), "nightly")
    assert entry.outcome == "success"
    assert entry.details["expires_at"].startswith("20")
    assert abs(datetime.now(UTC) - entry.at) < timedelta(minutes=5)


async def test_an_entry_goes_with_the_change_that_fails(api: Api) -> None:
    async def change() -> None:
        async with api.installation.database.transaction() as session:
            await record(session, CALLER, Action.USER_CREATED)
            raise LookupError

    with pytest.raises(LookupError):
        await change()
    async with api.installation.database.transaction() as session:
        assert await entries(session, organisation_id=ORGANISATION, action="user.created") == []


async def test_those_who_are_no_callers_are_named(api: Api) -> None:
    mine = uuid4()
    async with api.installation.database.transaction() as session:
        for who in (operator_at_shell(), SERVICE, None, Actor("user", "Kim", organisation_id=mine)):
            await record(session, who, Action.LINK_CREATED, organisation_id=mine)
    async with api.installation.database.transaction() as session:
        kinds = [entry.actor_kind for entry in await entries(session, organisation_id=mine)]
    assert kinds == ["command", "service", "anonymous", "user"]


@pytest.mark.parametrize(
    "statement",
    [
        update(AuditEntry).values(actor_name="somebody else"),
        text("delete from audit_log"),
        text("truncate audit_log"),
    ],
    ids=["update", "delete", "truncate"],
)
async def test_nobody_takes_it_back(api: Api, statement: Any) -> None:
    async with api.installation.database.transaction() as session:
        await record(session, CALLER, Action.KEY_REVOKED)
    with pytest.raises(IntegrityError, match="only added"):
        async with api.installation.database.transaction() as session:
            await session.execute(statement)


async def test_only_old_entries_are_removed_by_time(api: Api) -> None:
    mine = uuid4()
    async with api.installation.database.transaction() as session:
        await record(session, CALLER, Action.KEY_ROTATED, organisation_id=mine)
        old = {"id": uuid4(), "actor_kind": "service", "action": "key.rotated", "outcome": "success"}
        await repository.add(session, old | {"organisation_id": mine, "at": datetime.now(UTC) - timedelta(days=366)})
    async with api.installation.database.transaction() as session:
        assert await repository.remove_old(session, timedelta(days=365)) == 1
        assert [entry.id for entry in await entries(session, organisation_id=mine)] != [old["id"]]
        with pytest.raises(IntegrityError, match="only added"):  # the permission ends with the function
            await session.execute(text("delete from audit_log"))


async def test_an_erased_organisation_leaves_nothing(api: Api) -> None:
    mine, other = uuid4(), uuid4()
    async with api.installation.database.transaction() as session:
        for organisation_id in (mine, other, mine):
            await record(session, SERVICE, Action.KEY_CREATED, organisation_id=organisation_id)
        assert await repository.erase_organisation(session, mine) == 2
        assert len(await entries(session, organisation_id=other)) == 1
        assert (await session.execute(select(func.count()).where(AuditEntry.organisation_id == mine))).scalar() == 0


def test_a_change_names_what_is_different() -> None:
    before, after = {"role": "member", "name": "Kim"}, {"role": "admin", "name": "Kim", "email": None}
    assert changed(before, after) == {"changed": {"role": {"from": "member", "to": "admin"}}}


def test_every_action_is_recorded_somewhere() -> None:
    """By its name in the code: one that nothing records would be a promise of docs/audit.md alone."""
    code = "\n".join(path.read_text("utf-8") for path in APP.rglob("*.py") if path.name != "actions.py")
    assert [action.name for action in Action if f"Action.{action.name}" not in code] == []
