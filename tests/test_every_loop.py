"""In every loop of the service one unit that raises is logged, and keeps no other from its turn.

A new loop fails here until it is in LOOPS, with the test that makes a unit of it raise, or in ALONE.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

import app
from app.assets.hand_over_sweep import HandOverSweep
from app.assets.models import HandOver
from app.audit.actions import Action
from app.audit.tallies import Tallies
from app.auth.caller import acting_for
from app.auth.models import Organisation, User
from app.auth.resealing import Resealing
from app.batches.models import Batch
from app.connections.first_sealing import FirstSealing
from app.connections.models import Connection
from app.connections.outbound import OutboundClients
from app.connections.service import Connections
from app.files.storage import Storage
from app.kit.availability import Availability
from app.kit.db import Database
from app.kit.ending import Ending
from app.kit.exposition import Exposition
from app.kit.health import Health
from app.kit.ids import new_id
from app.kit.lookout import Lookout, any_row
from app.kit.metrics import ProcessFigures, Samples
from app.kit.secrets.sealed_columns import SealedColumn
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.signing import SigningKey
from app.kit.service import Periodic
from app.limits import quota_repository
from app.limits.models import QuotaWarning
from app.limits.streams import StreamSlots
from app.notifications.models import BatchMail
from app.notifications.quota_mail import QuotaMails
from app.notifications.sender import Sender
from app.runner.housekeeping import Housekeeping
from app.runner.roll_call import RollCall
from app.runner.sweeper import Sweeper
from app.tenants.erasure import Erasures
from tests.conftest import Api
from tests.patience import within
from tests.refused_rows import change, refusing, two_batches

pytestmark = [pytest.mark.own_service]
LOOPS = {
    "BulkActs": "tests/runner/test_bulk_acts.py",
    "Erasures": __name__,
    "FirstSealing": __name__,
    "HandOverSweep": __name__,
    "Housekeeping": __name__,
    "Hub": "tests/events/test_one_failure.py",
    "Lookout": __name__,
    "QuotaMails": __name__,
    "Resealing": __name__,
    "Scheduler": "tests/automation/test_schedule_failures.py",
    "Sender": __name__,
    "StreamSlots": __name__,
    "Sweeper": __name__,
    "Tallies": __name__,
    "Watch": "tests/pipelines/test_watch.py",
}
ALONE = {"Admission", "EmbeddedPostgres", "Heartbeat", "Weights"}
"""Loops whose turn is about one thing: when it fails the next one comes."""


def loops() -> Iterator[type[Periodic]]:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if ".console." not in module.name and ".__main__" not in module.name:
            importlib.import_module(module.name)
    for found in Periodic.__subclasses__():
        if found.__module__.startswith("app."):
            yield found


def test_every_loop_is_known() -> None:
    assert {found.__name__ for found in loops()} == LOOPS.keys() | ALONE


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    """Without a worker: what is looked at is the loop that a test makes."""
    return {"worker": "off"}


@pytest.fixture(scope="module")
def database(api: Api) -> Database:
    return api.installation.database


async def there(database: Database, wanted: Sequence[str]) -> list[str]:
    async with database.transaction() as session:
        found = await session.execute(select(Batch.id).where(Batch.id.in_(map(UUID, wanted))))
        return [str(row[0]) for row in found]


async def test_housekeeping_removes_what_stands_beside_a_batch_that_cannot_be(
    api: Api, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    long_ago = func.now() - timedelta(days=1)
    broken, expired = await two_batches(api, status="completed", completed_at=long_ago, expires_at=long_ago)
    asked = 0

    async def raises(session: AsyncSession) -> int:
        raise ZeroDivisionError

    async def notes(session: AsyncSession) -> int:
        nonlocal asked
        asked += 1
        return 0

    resources: Any = SimpleNamespace(database=database, storage=api.installation.get(Storage), expiring=(raises, notes))
    async with refusing(database, "batches", "delete", f"old.id = '{broken}'"):
        await Housekeeping(resources).turn()
    assert await there(database, [broken, expired]) == [broken]
    assert f"removing batch {broken} failed" in caplog.text
    assert asked == 1


async def test_the_sweeper_cancels_and_closes_beside_a_batch_that_it_cannot(api: Api, database: Database) -> None:
    broken, other = await two_batches(api, {}, status="cancelling")
    cancelled = []

    class Healer:
        async def cancel_pending(self, batch_id: UUID) -> None:
            if str(batch_id) == broken:
                raise ZeroDivisionError
            cancelled.append(str(batch_id))

        def __getattr__(self, name: str) -> Any:
            return lambda *_: None

    await Sweeper(database, new_id(), RollCall(), Healer()).turn()  # type: ignore[arg-type]
    assert cancelled == [other]
    for batch_id in (broken, other):
        await change(database, batch_id, status="draft")


async def test_one_erasure_that_cannot_go_on_keeps_no_other_from_it(api: Api, database: Database) -> None:
    erasures = Erasures(database, api.installation.get(Storage), SimpleNamespace())  # type: ignore[arg-type]
    organisations = await _two_organisations(database, "refused", "erased")
    admin = acting_for(await _any_user(database), "tests")
    for organisation_id, name in zip(organisations, ("refused", "erased"), strict=True):
        await erasures.begin(admin, organisation_id, name)
    async with refusing(database, "organisations", "delete", f"old.id = '{organisations[0]}'"):
        await erasures.turn()
    assert await erasures.waiting() == [organisations[0]]
    await erasures.turn()
    assert await erasures.waiting() == []


async def _any_user(database: Database) -> User:
    async with database.transaction() as session:
        return (await session.execute(select(User).where(User.operator).limit(1))).scalar_one()


async def _two_organisations(database: Database, *names: str) -> list[UUID]:
    found = [Organisation(name=name) for name in names]
    async with database.transaction() as session:
        session.add_all(found)
        await session.flush()
        return [one.id for one in found]


async def test_streams_of_one_organisation_that_cannot_be_renewed_keep_no_others_from_it(
    api: Api, database: Database
) -> None:
    organisations = await _two_organisations(database, "streams refused", "streams renewed")
    slots = StreamSlots(database)
    async with database.transaction() as session:
        for organisation_id in organisations:
            await quota_repository.set_limits(session, organisation_id, {"open_streams": 5})
    for organisation_id in organisations:
        assert await slots.take(organisation_id)
    old = text("update stream_slots set renewed_at = now() - interval '1 hour'")
    async with database.transaction() as session:
        await session.execute(old)
    async with refusing(database, "stream_slots", "insert", f"new.organisation_id = '{organisations[0]}'"):
        await slots.turn()
    async with database.transaction() as session:
        counted = [await quota_repository.count_streams(session, one) for one in organisations]
    assert counted == [0, 1]


async def test_a_column_that_cannot_be_sealed_or_moved_keeps_no_other_from_it(api: Api, database: Database) -> None:
    gone = SealedColumn(column=QuotaWarning.quota, key=QuotaWarning.quota, owner=QuotaWarning.warned_at)
    good = SealedColumn(column=Batch.settings, key=Batch.id, owner=Batch.organisation_id)
    key = api.installation.get(SigningKey)
    sealing = FirstSealing(database, Sealer(key), [gone, good])
    async with refusing(database, "sealed_marks", "insert", "new.place <> 'batches.settings'"):
        await sealing.turn()
    assert sealing._places == [gone]

    moved = list[int]()

    async def raises(session: AsyncSession, key: SigningKey) -> int:
        raise ZeroDivisionError

    async def moves(session: AsyncSession, key: SigningKey) -> int:
        moved.append(len(moved))
        return 2 - len(moved)

    rooms: Any = [SimpleNamespace(resealing=(raises, moves), sealed=())]
    two_secrets: Any = SimpleNamespace(valid=lambda: [1, 2])
    await Resealing(database, two_secrets, rooms).turn()
    assert moved == [0, 1]


async def test_a_warning_that_cannot_be_mailed_is_owed_and_the_others_go_on(api: Api, database: Database) -> None:
    broken, other = await _two_organisations(database, "mails refused", "mails sent")
    sealed = Sealer(api.installation.get(SigningKey)).seal({"not": "an account"}, broken)
    async with database.transaction() as session:
        session.add(Connection(organisation_id=broken, kind="smtp", sealed=sealed, hint="?"))
        for place, organisation_id in enumerate((broken, other)):
            warned = func.now() - timedelta(hours=2 - place)
            session.add(QuotaWarning(organisation_id=organisation_id, quota="users", used=9, most=10, warned_at=warned))
    get = api.installation.get
    await QuotaMails(database, get(Connections), get(OutboundClients), base_url=None).turn()
    async with database.transaction() as session:
        query = select(QuotaWarning.organisation_id, QuotaWarning.mailed_at)
        found = {row[0]: row[1] for row in await session.execute(query)}
    assert found[broken] is None
    assert found[other] is not None


async def test_a_hand_over_that_cannot_start_keeps_no_other_from_it(api: Api, database: Database) -> None:
    broken, other = await two_batches(api, status="completed", completed_at=func.now())
    async with database.transaction() as session:
        for batch_id in (broken, other):
            session.add(HandOver(batch_id=UUID(batch_id), auto_upload_enabled=False, monday_sync_enabled=False))
    async with refusing(database, "hand_overs", "update", f"old.batch_id = '{broken}'"):
        await HandOverSweep(database, SimpleNamespace()).turn()  # type: ignore[arg-type]
    async with database.transaction() as session:
        rows = await session.execute(select(HandOver.batch_id).where(HandOver.started_at.is_(None)))
        assert [str(row[0]) for row in rows] == [broken]


async def test_a_channel_that_fails_keeps_no_other_from_sending(database: Database) -> None:
    sent = asyncio.Event()

    class Channel:
        slots, model = 1, BatchMail

        def __init__(self, due: Sequence[UUID] | None) -> None:
            self.due, self.pruned = due, False

        async def start(self) -> None: ...

        async def stop(self) -> None: ...

        async def find_due(self, session: AsyncSession) -> Sequence[UUID]:
            if self.due is None:
                raise ZeroDivisionError
            return self.due

        async def claim(self, session: AsyncSession, room: Any) -> Sequence[Any]:
            due, self.due = self.due or (), ()
            return [SimpleNamespace(organisation_id=one, token=new_id()) for one in due]

        async def send(self, message: Any) -> None:
            sent.set()

        async def prune(self, session: AsyncSession) -> None:
            if self.due is None:
                raise ZeroDivisionError
            self.pruned = True

    broken, other = Channel(None), Channel([new_id()])
    sender = Sender(database, [broken, other], Ending())
    async with within(30):
        await sender.turn()
        await sent.wait()
    assert other.pruned


async def test_a_question_that_cannot_be_asked_keeps_no_other_from_its_answer(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    lookout, woken = Lookout(database), list[str]()
    questions: list[ColumnElement[bool]] = [
        any_row("select from organisations where 1 / (random() * 0)::int = 1"),
        true(),
    ]
    for name, question in zip(("broken", "good"), questions, strict=True):
        lookout.watch(question, lambda name=name: woken.append(name))  # type: ignore[misc]
    await lookout.turn()
    assert woken == ["good"]
    assert "the question EXISTS (select from" in caplog.text


async def test_who_waited_for_what_is_back_goes_on_beside_one_that_raises() -> None:
    woken = asyncio.Event()

    async def probe(trouble: object) -> None: ...

    def raises() -> None:
        raise ZeroDivisionError

    thing = Availability("the test", {"away": "It is away."}, probe)
    thing.when_back(raises)
    thing.when_back(woken.set)
    await thing.start()
    thing.report(ConnectionError(), "away")
    async with within(30):
        await woken.wait()
        while thing.absence:
            await asyncio.sleep(0.01)
    thing.report(ConnectionError(), "away")
    assert thing.absence, "the next outage is watched as well"
    await thing.stop()


async def test_an_entry_that_cannot_be_written_keeps_no_other_from_the_audit_log(api: Api, database: Database) -> None:
    tallies = Tallies(database)
    for reason in ("a\x00b", "the reason of the test"):  # PostgreSQL has no text with that in it
        tallies.note(Action.SESSION_REFUSED, reason=reason)
    await tallies.turn()
    async with database.transaction() as session:
        query = text("select count(*) from audit_log where details->>'reason' = 'the reason of the test'")
        assert (await session.execute(query)).scalar_one() == 1


async def test_figures_that_cannot_be_read_keep_no_others_from_the_page(database: Database) -> None:
    def raises() -> Samples:
        raise ZeroDivisionError

    page = Exposition(database, Health([]), [ProcessFigures(raises), ProcessFigures(raises, blocking=True)])
    assert b"tranche_build_info" in await page.text()
