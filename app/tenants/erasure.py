"""Removing an organisation with everything in it.

Each step is repeated until it finds nothing, in transactions of bounded size. So whoever comes after a kill -9 does
what is left: the service itself, or the command given again. Work is stopped first; the organisation's row goes last.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.audit.repository import erase_organisation as erase_audit_log
from app.auth.caller import Caller, acting_for
from app.batches import service as batch_service
from app.batches.desk import Notifier
from app.batches.errors import BatchNotFound, InvalidTransition
from app.connections.errors import OrganisationUnknown
from app.files.garbage_collection import LOCK_KEY
from app.files.storage import Storage
from app.kit.db import Base, Database
from app.kit.declarations import raises
from app.kit.errors import existing
from app.kit.isolation import each
from app.kit.service import Periodic
from app.tenants import repository
from app.tenants.errors import NameNotConfirmed, OrganisationOperates
from app.tenants.tables import owned_tables

log = logging.getLogger("tranche.tenants")
STOP_SECONDS: Final = 45.0
"""Longer than a cancelled step may go on (30 s)."""
SETTLED: Final = timedelta(minutes=10)
"""A content is written before its row, so one that was written lately may be about to be another organisation's."""
LOOK_AGAIN_SECONDS: Final = 0.5
_NOT_BY_ROWS: Final = frozenset({"audit_log", "files"})


class Erasures(Periodic):
    """Carries erasures out, in every process that runs jobs: also those that somebody began who is no longer there."""

    interval = 30.0
    log = log

    def __init__(self, database: Database, storage: Storage, notifier: Notifier) -> None:
        super().__init__()
        self._database, self._storage, self._notifier = database, storage, notifier

    async def turn(self) -> None:
        await each(await self.waiting(), self.carry_on, log, lambda one: f"the erasure of organisation {one}")

    async def waiting(self) -> Sequence[UUID]:
        """Organisations that are to be erased, or whose contents are."""
        async with self._database.statements() as session:
            return await repository.list_erasures(session)

    @raises(OrganisationUnknown, NameNotConfirmed, OrganisationOperates)
    async def begin(self, who: Caller | Actor, wanted: UUID | str, name: str) -> UUID:
        """Mark an organisation as one to be erased, and let nobody in any more; its id.

        `name` is what whoever asks for it takes it for. Raises OrganisationUnknown (404), NameNotConfirmed (422), and
        OrganisationOperates (409) for the organisation of the last operators.
        """
        async with self._database.transaction() as session:
            found = existing(await repository.find_organisation(session, wanted), OrganisationUnknown)
            if found.name != name:
                raise NameNotConfirmed("Give the organisation's name to confirm that it is to be erased.")
            if not await repository.has_other_operators(session, found.id):
                raise OrganisationOperates("Make somebody of another organisation an operator first.")
            asked_by = who.user_name if isinstance(who, Caller) else who.name
            await repository.add_erasure(session, found.id, asked_by)
            await repository.close_doors(session, found.id)
            target = Target("organisation", found.id)  # without its name: this entry stays
            await record(session, _outsider(who, found.id), Action.ORGANISATION_ERASED, target=target)
        return found.id

    async def carry_on(self, organisation_id: UUID) -> bool:
        """Do what is left; whether all of it is done. Contents that are too young are left for a later turn."""
        await self._stop_work(organisation_id)
        await self._remove_rows(organisation_id)
        await self._remove_contents(organisation_id)
        async with self._database.transaction() as session:
            if over := await repository.end_erasure(session, organisation_id):
                log.info("organisation %s is erased", organisation_id)
        return over

    async def _stop_work(self, organisation_id: UUID) -> None:
        async with self._database.transaction() as session:
            user = await repository.find_any_user(session, organisation_id)
            caller = acting_for(user, "erasure") if user else None
            await repository.close_doors(session, organisation_id)
            unfinished = await repository.list_unfinished(session, organisation_id) if caller else []
        for batch_id in unfinished:
            assert caller
            try:
                async with self._database.transaction() as session:
                    await batch_service.cancel(session, caller, self._notifier, batch_id)
            except (InvalidTransition, BatchNotFound):
                continue  # it ended meanwhile
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until:
            async with self._database.transaction() as session:
                if not await repository.has_running_jobs(session, organisation_id):
                    return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _remove_rows(self, organisation_id: UUID) -> None:
        for owned in owned_tables(Base.metadata):
            while owned.name not in _NOT_BY_ROWS:
                async with self._database.transaction() as session:
                    if not await repository.remove_some(session, owned, organisation_id):
                        break
            while owned.name == "files":
                async with self._database.transaction() as session:
                    if not await repository.remove_some_files(session, organisation_id):
                        break
        async with self._database.transaction() as session:
            await erase_audit_log(session, organisation_id)
            await repository.remove_rates(session, organisation_id)

    async def _remove_contents(self, organisation_id: UUID) -> None:
        """Delete the contents that no file names any more, and that nobody may be about to name."""
        after = ""
        while True:
            async with self._database.transaction() as session:
                keys = await repository.list_contents(session, organisation_id, after)
            if not keys:
                return
            after = keys[-1]
            written = [await self._storage.written_at(key) for key in keys]
            async with self._database.transaction() as session:
                if not (await session.execute(select(func.pg_try_advisory_xact_lock(LOCK_KEY)))).scalar_one():
                    return  # a backup holds it: there is a next turn
                named, before = await repository.list_named(session, keys), datetime.now(UTC) - SETTLED
                gone = [key for key, at in zip(keys, written, strict=True) if key not in named and at and at < before]
                await self._storage.delete(gone)
                there = [key for key, at in zip(keys, written, strict=True) if at is None]
                await repository.forget_contents(session, [*gone, *named, *there])


def _outsider(who: Caller | Actor, organisation_id: UUID) -> Caller | Actor:
    """An operator of the organisation itself is named in no entry that stays."""
    inside = isinstance(who, Caller) and who.organisation_id == organisation_id
    return Actor("service") if inside else who
