"""The room of the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import models, repository
from app.audit.actions import Action
from app.audit.figure_repository import SECONDS, read_backup_age
from app.audit.record import SERVICE, record
from app.audit.refusals import Refusals
from app.audit.router import router
from app.audit.settings import AuditSettings
from app.audit.starting import StartRecord
from app.audit.tallies import Tallies
from app.kit.container import Container
from app.kit.db import Database
from app.kit.metrics import InstallationFigures
from app.kit.room import Expire, Room


def expiring(container: Container) -> Iterable[Expire]:
    life = timedelta(days=container.get(AuditSettings).audit_days)

    async def remove_old_entries(session: AsyncSession) -> int:
        gone = await repository.remove_old(session, life)
        if gone:
            await record(session, SERVICE, Action.AUDIT_REMOVED, details={"count": gone})
        return gone

    return (remove_old_entries,)


room = Room(
    name="audit",
    routers=(router,),
    models=models,
    settings=AuditSettings,
    provides={Tallies: lambda container: Tallies(container.get(Database))},
    middleware=(Refusals,),
    services=lambda container: (StartRecord(container),),
    http_services=lambda container: (container.get(Tallies),),
    expiring_as_set=expiring,
    figures=lambda container: (InstallationFigures(read_backup_age, SECONDS),),
)
