"""`tranche organisations export` and `erase`: a whole organisation as files, and its removal."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import typer

from app.audit.actions import Action
from app.audit.record import Target, operator_at_shell
from app.auth.repository import find_organisation
from app.commands import ServiceRefused
from app.commands.administration import run_with_database, tell
from app.connections.errors import OrganisationUnknown
from app.files.storage import Storage
from app.installation import Installation
from app.kit.errors import Problem
from app.kit.service import running
from app.settings import Settings
from app.tenants.erasure import Erasures
from app.tenants.export import export_organisation

WAIT_SECONDS = 20.0


def export(settings: Settings, name: str, folder: Path) -> dict[str, Any]:
    """Write everything of an organisation into a folder; returns the manifest."""
    installation = Installation(settings)

    async def work() -> dict[str, Any]:
        await installation.migrate()
        organisation_id = await _id_of(installation, name)
        storage = installation.get(Storage)
        async with running([storage]):
            manifest = await export_organisation(installation.database, storage, organisation_id, folder)
        target = Target("organisation", organisation_id, name)
        await tell(installation, Action.ORGANISATION_EXPORTED, target=target)
        return manifest

    return run_with_database(settings, work, installation)


def erase(settings: Settings, name: str) -> None:
    """Remove an organisation with everything in it; returns when nothing of it is left."""
    installation = Installation(settings)

    async def work() -> None:
        await installation.migrate()
        erasures = installation.get(Erasures)
        async with running([installation.get(Storage)]):
            try:
                begun = [await erasures.begin(operator_at_shell(), name, name)]
            except OrganisationUnknown as problem:
                begun = list(await erasures.waiting())  # of one that was interrupted the name may be gone by now
                if not begun:
                    raise ServiceRefused(problem.detail) from None
            except Problem as problem:
                raise ServiceRefused(problem.detail) from None
            for organisation_id in begun:
                while not await erasures.carry_on(organisation_id):
                    typer.echo("Contents that were written in the last ten minutes are waited for.")
                    await asyncio.sleep(WAIT_SECONDS)

    run_with_database(settings, work, installation)


async def _id_of(installation: Installation, name: str) -> UUID:
    async with installation.database.transaction() as session:
        organisation = await find_organisation(session, name)
    if organisation is None:
        raise ServiceRefused(f"There is no organisation {name!r}.")
    return organisation.id
