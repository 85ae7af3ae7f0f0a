"""Credentials that were looked up lately are remembered, and what is changed of them counts at the next request."""

from __future__ import annotations

import asyncio
import time

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from app.auth.caller import Callers
from app.auth.remembered import LOOK_UPS, MOST, SECONDS, Remembered
from tests.auth.people import caller, cookie_of, key_of
from tests.conftest import Api
from tests.patience import within

OF_USER = "(select u.id from users u join organisations o on o.id = u.organisation_id and o.name = {organisation}"
OF_USER += " where u.name = 'one who changes')"
ENDS = {
    "revoked": f"update api_keys set revoked_at = now() where user_id in {OF_USER}",
    "expired": f"update api_keys set expires_at = now() where user_id in {OF_USER}",
    "deleted": f"delete from api_keys where user_id in {OF_USER}",
    "deactivated": f"update users set deactivated_at = now() where id in {OF_USER}",
    "disabled": "update organisations set disabled_at = now() where name = {organisation}",
}
HERE = ENDS | {"narrowed": f"UPDATE ONLY api_keys SET scopes = array[]::text[] WHERE user_id IN {OF_USER}"}
OF_ROLE = f"update users set role = 'viewer' where id in {OF_USER}"


def quoted(api: Api, statement: str, organisation: str) -> str:
    return statement.format(organisation=f"'{api.organisation_named(organisation)}'")


async def user_of(api: Api, organisation: str) -> httpx.AsyncClient:
    """A client whose key is remembered."""
    client = caller(api, await key_of(api, organisation, user="one who changes"))
    for _ in range(2):
        assert (await client.get("/api/users")).status_code == 200
    return client


async def change_elsewhere(api: Api, statement: str) -> None:
    """As another process would; until this one has heard of it."""
    memory = api.installation.get(Callers).memory
    before = memory.generation
    connection = await asyncpg.connect(api.installation.database.dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
    async with within(10):
        while memory.generation == before:
            await asyncio.sleep(0.005)


async def test_a_busy_key_is_looked_up_once(api: Api) -> None:
    memory = api.installation.get(Callers).memory
    async with within(10):
        while not memory.hears:
            await asyncio.sleep(0.01)
    client = await user_of(api, "Busy")
    before = LOOK_UPS.labels("memory")._value.get()
    for _ in range(5):
        assert (await client.get("/api/users")).status_code == 200
    assert LOOK_UPS.labels("memory")._value.get() >= before + 4  # in between the time may have been over once


@pytest.mark.parametrize("change", HERE)
async def test_what_this_process_changes_counts_at_once(api: Api, change: str) -> None:
    organisation = f"Here {change}"
    client = await user_of(api, organisation)
    async with api.installation.database.transaction() as session:
        await session.execute(text(quoted(api, HERE[change], organisation)))
        assert (await client.get("/api/users")).status_code == 200  # it is not committed yet
    assert (await client.get("/api/users")).status_code in (401, 403)


@pytest.mark.parametrize("change", [*ENDS, "role"])
async def test_what_another_process_changes_is_heard(api: Api, change: str) -> None:
    organisation = f"There {change}"
    client = await user_of(api, organisation)
    await change_elsewhere(api, quoted(api, (ENDS | {"role": OF_ROLE})[change], organisation))
    assert (await client.get("/api/users")).status_code in (401, 403)


async def test_a_session_that_is_ended_elsewhere_ends(api: Api) -> None:
    key = await key_of(api, "Sessions", user="one who changes")
    async with caller(api) as client:
        cookie = cookie_of(await client.post("/api/session", json={"key": key}))
    async with caller(api, cookie=cookie) as client:
        for _ in range(2):
            assert (await client.get("/api/users")).status_code == 200
        statement = f"delete from sessions where user_id in {OF_USER}"
        await change_elsewhere(api, quoted(api, statement, "Sessions"))
        assert (await client.get("/api/users")).status_code == 401


async def test_what_is_not_committed_changes_nothing(api: Api) -> None:
    client = await user_of(api, "Kept")

    async def revoke_and_fail() -> None:
        async with api.installation.database.transaction() as session:
            await session.execute(text(quoted(api, ENDS["revoked"], "Kept")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await revoke_and_fail()
    assert (await client.get("/api/users")).status_code == 200


async def test_who_cannot_hear_remembers_nothing(api: Api) -> None:
    memory = api.installation.get(Callers).memory
    await user_of(api, "Deaf")
    connection = await asyncpg.connect(api.installation.database.dsn)
    cut = "select pg_terminate_backend(pid) from pg_stat_activity"
    await connection.execute(f"{cut} where application_name = 'tranche-listen' and datname = current_database()")
    await connection.close()
    async with within(10):
        while memory.hears:
            await asyncio.sleep(0.005)
        assert not memory._values
        while not memory.hears:  # it listens again
            await asyncio.sleep(0.01)


def hearing() -> Remembered[str]:
    memory = Remembered[str]()
    memory.hear()
    return memory


def test_nothing_is_older_than_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, now = hearing(), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    memory.keep(memory.generation, b"long", "a", 1e9)
    memory.keep(memory.generation, b"short", "b", SECONDS / 2)
    memory.keep(memory.generation, b"over", "c", 0.0)
    assert (memory.recall(b"long"), memory.recall(b"short"), memory.recall(b"over")) == ("a", "b", None)
    now += SECONDS / 2
    assert (memory.recall(b"long"), memory.recall(b"short")) == ("a", None)
    now += SECONDS / 2
    assert memory.recall(b"long") is None


def test_what_was_read_before_a_change_is_not_kept() -> None:
    memory = hearing()
    read_at = memory.generation
    memory.hear()
    memory.keep(read_at, b"k", "a", 10)
    assert memory.recall(b"k") is None
    memory.change()
    memory.keep(memory.generation, b"k", "a", 10)
    assert memory.recall(b"k") is None
    read_at = memory.generation
    memory.changed()
    memory.keep(read_at, b"k", "a", 10)
    assert memory.recall(b"k") is None
    memory.keep(memory.generation, b"k", "a", 10)
    assert memory.recall(b"k") == "a"
    memory.hear_nothing()
    memory.keep(memory.generation, b"k", "a", 10)
    assert memory.recall(b"k") is None


def test_memory_has_a_bound() -> None:
    memory = hearing()
    for n in range(MOST + 10):
        memory.keep(memory.generation, str(n).encode(), "a", 10)
    assert len(memory._values) <= MOST
