"""Organisations of the installation: made, renamed, disabled and enabled, by operators and at the command line."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository
from app.accounts.errors import LastOperator, OrganisationExists
from app.accounts.people import Who
from app.audit.actions import Action
from app.audit.record import Target, changed, record
from app.auth.models import Organisation
from app.auth.repository import find_organisation as find_by_name
from app.kit.declarations import raises
from app.kit.errors import existing
from app.limits.errors import OrganisationNotFound


@raises(OrganisationExists)
async def add_organisation(session: AsyncSession, who: Who, name: str) -> Organisation:
    """A new organisation, without users; raises OrganisationExists (409)."""
    await _check_name(session, name)
    organisation = Organisation(name=name)
    session.add(organisation)
    await session.flush()
    await session.refresh(organisation)
    target = Target("organisation", organisation.id, name)
    await record(session, who, Action.ORGANISATION_CREATED, target=target, organisation_id=organisation.id)
    return organisation


@raises(OrganisationNotFound, OrganisationExists)
async def rename(session: AsyncSession, who: Who, organisation_id: UUID, name: str) -> Organisation:
    """Raises OrganisationNotFound (404) or OrganisationExists (409)."""
    organisation = existing(await repository.lock_organisation(session, organisation_id), OrganisationNotFound)
    if name != organisation.name:
        await _check_name(session, name)
        details = changed({"name": organisation.name}, {"name": name})
        organisation.name = name
        await session.flush()
        target = Target("organisation", organisation.id, name)
        action = Action.ORGANISATION_UPDATED
        await record(session, who, action, target=target, details=details, organisation_id=organisation.id)
    return organisation


@raises(OrganisationNotFound, LastOperator)
async def disable(session: AsyncSession, who: Who, organisation_id: UUID, *, disabled: bool) -> Organisation:
    """Let nobody of it in and nothing of it start, or go on with everything that waited; what it has stays.

    Its sessions end; keys work again afterwards. Raises OrganisationNotFound (404), and LastOperator (409) for the
    organisation of the last operators.
    """
    organisation = existing(await repository.lock_organisation(session, organisation_id), OrganisationNotFound)
    if disabled == (organisation.disabled_at is not None):
        return organisation
    operates = disabled and await repository.has_operators(session, organisation_id)
    if operates:
        await repository.lock_operators(session)
    organisation.disabled_at = func.now() if disabled else None
    await session.flush()
    if operates and not await repository.has_operator(session):
        raise LastOperator("An installation keeps an operator: make somebody of another organisation one first.")
    ended = await repository.delete_sessions(session, organisation_id) if disabled else 0
    await session.refresh(organisation)
    action, details = Action.ORGANISATION_ENABLED, {}
    if disabled:
        action, details = Action.ORGANISATION_DISABLED, {"sessions": ended}
    target = Target("organisation", organisation.id, organisation.name)
    await record(session, who, action, target=target, details=details, organisation_id=organisation.id)
    return organisation


async def _check_name(session: AsyncSession, name: str) -> None:
    await repository.lock_names(session)
    if await find_by_name(session, name):
        raise OrganisationExists(f"There is an organisation {name!r} already.")
