"""/readyz says what is wrong: by the rooms' own checks, in words for strangers, with more for operators."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from app.kit import health
from app.kit.health import Health, HealthCheck, Trouble
from app.kit.ids import new_id
from app.rooms import all_rooms
from app.runner.models import Worker
from tests.auth.people import caller, key_of
from tests.conftest import Api

pytestmark = pytest.mark.own_service


@pytest.fixture(scope="module")
def settings_values() -> dict[str, str]:
    return {"worker": "off"}


def found(name: str, severity: health.Severity) -> HealthCheck:
    async def look() -> Trouble:
        return Trouble(severity=severity, sentence=f"{name} is wrong.", detail="at 192.0.2.1")

    return HealthCheck(name, look)


def raising(name: str, error: Exception) -> HealthCheck:
    async def look() -> None:
        raise error

    return HealthCheck(name, look)


def shown(answer: httpx.Response) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["severity"], one["sentence"]) for one in answer.json()["wrong"]}


async def test_each_trouble_is_told_once_with_its_first_time() -> None:
    away = [raising(name, ConnectionRefusedError("192.0.2.1:5432")) for name in ("one", "two")]
    looks = Health([found("mail", "degraded"), raising("odd", ValueError("/srv")), *away, found("loop", "not_ready")])
    first = await looks.findings()
    assert [(one.name, one.severity) for one in first] == [
        ("database", "not_ready"),
        ("loop", "not_ready"),
        ("mail", "degraded"),
        ("odd", "degraded"),
    ]
    assert "192.0.2.1" not in "".join(one.sentence for one in first)
    assert "/srv" not in "".join(one.sentence for one in first)
    assert [one.since for one in await looks.findings()] == [one.since for one in first]


async def test_what_is_over_begins_anew() -> None:
    began = datetime(2026, 5, 1, tzinfo=UTC)
    troubles = [Trouble(severity="degraded", sentence="Odd."), None, Trouble(severity="degraded", sentence="Odd.")]
    known = Trouble(severity="degraded", sentence="Known.", since=began)

    async def look() -> Trouble | None:
        return troubles.pop()

    async def look_known() -> Trouble:
        return known

    looks = Health([HealthCheck("odd", look), HealthCheck("known", look_known)])
    first, between, last = [await looks.findings() for _ in range(3)]
    assert first[0].since < last[0].since
    assert [one.name for one in between] == ["known"]
    assert between[0].since == began


async def test_who_asks_meanwhile_shares_the_look() -> None:
    looked, go = 0, asyncio.Event()

    async def look() -> None:
        nonlocal looked
        looked += 1
        await go.wait()

    looks = Health([HealthCheck("slow", look)])
    asking = [asyncio.create_task(looks.findings()) for _ in range(5)]
    while not looked:
        await asyncio.sleep(0)
    asking[0].cancel()  # who leaves takes nothing from the others
    go.set()
    assert await asyncio.gather(*asking[1:]) == [[], [], [], []]
    assert looked == 1


@pytest.mark.parametrize(("vital", "severity"), [(True, "not_ready"), (False, "degraded")])
async def test_a_look_without_an_answer(monkeypatch: pytest.MonkeyPatch, vital: bool, severity: str) -> None:
    monkeypatch.setattr(health, "LOOK_SECONDS", 0.01)

    async def look() -> None:
        await asyncio.Event().wait()

    (one,) = await Health([HealthCheck("stuck", look, vital=vital)]).findings()
    assert (one.name, one.severity) == ("stuck", severity)


def test_the_names_of_all_checks_differ(api: Api) -> None:
    names = [check.name for room in all_rooms() for check in room.checks(api.installation)]
    assert len(names) == len({*names, health.DATABASE}) - 1


async def test_without_a_worker_jobs_wait(api: Api) -> None:
    answer = await api.get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["runner"]) == (200, "ready", "off")
    assert shown(answer) == {"workers": ("degraded", "No worker runs, so that jobs wait.")}
    assert shown(await api.get("/api/status")) == shown(answer)
    async with api.installation.database.transaction() as session:
        session.add(Worker(id=new_id(), host="a", pid=1, slots=1))
    assert (await api.get("/readyz")).json()["wrong"] == []


async def test_another_schema_is_not_ready(api: Api) -> None:
    async with api.installation.database.transaction() as session:
        has = (await session.execute(text("select version_num from alembic_version"))).scalars().all()
        await session.execute(text("delete from alembic_version"))
        await session.execute(text("insert into alembic_version values ('tranche_0001')"))
    try:
        answer = await api.get("/readyz")
    finally:
        async with api.installation.database.transaction() as session:
            await session.execute(text("delete from alembic_version"))
            await session.execute(text("insert into alembic_version values (:has)"), [{"has": one} for one in has])
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.json()["detail"].startswith("The database is at revision tranche_0001, this version needs ")
    assert shown(answer)["schema"] == ("not_ready", answer.json()["detail"])
    assert (await api.get("/readyz")).status_code == 200


async def test_details_are_for_operators(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.installation.get(Health), "_checks", (found("mail", "degraded"),))
    assert "192.0.2.1" not in (await api.get("/readyz")).text
    assert (await api.get("/api/status")).json()["wrong"][0]["detail"] == "at 192.0.2.1"
    async with caller(api, await key_of(api, "Second")) as second:
        assert (await second.get("/api/status")).json()["wrong"][0]["detail"] is None
