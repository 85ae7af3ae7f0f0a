"""Users of an organisation: made, changed and deactivated, by its administrators, by operators and at the command line.

Every function records what was done; an organisation keeps an administrator, and the installation an operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository
from app.accounts.errors import LastAdministrator, LastOperator, UserExists, UserNotFound
from app.audit.actions import Action
from app.audit.record import Actor, Target, changed, record
from app.auth.caller import Caller
from app.auth.errors import PermissionMissing
from app.auth.models import Organisation, User
from app.auth.permissions import Permission
from app.auth.repository import count_users
from app.auth.repository import find_user as find_user_by_name
from app.kit.declarations import raises
from app.kit.errors import existing
from app.limits import quotas
from app.limits.errors import OrganisationNotFound
from app.limits.quotas import More, Quota

Who = Caller | Actor


@raises(OrganisationNotFound)
async def get_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation:
    """The organisation; raises OrganisationNotFound (404)."""
    return existing(await repository.find_organisation(session, organisation_id), OrganisationNotFound)


@raises(UserNotFound)
async def get_user(session: AsyncSession, organisation_id: UUID, user_id: UUID) -> User:
    """The user of this organisation; raises UserNotFound (404)."""
    return existing(await repository.find_user(session, organisation_id, user_id), UserNotFound)


@raises(UserExists, OrganisationNotFound, quotas.check)
async def add_user(
    session: AsyncSession, who: Who, organisation_id: UUID, *, name: str, role: str, email: str | None
) -> User:
    """A new user, who has no credential yet; raises UserExists (409)."""
    existing(await repository.lock_organisation(session, organisation_id), OrganisationNotFound)
    if await find_user_by_name(session, organisation_id, name):
        raise UserExists(f"There is a user {name!r} already.")
    await quotas.check(session, organisation_id, {Quota.USERS: More(1, count_users)})
    user = User(organisation_id=organisation_id, name=name, role=role, email=email)
    session.add(user)
    await session.flush()
    await session.refresh(user)
    details = {"role": role, "email": email}
    target = Target("user", user.id, user.name)
    await record(session, who, Action.USER_CREATED, target=target, details=details, organisation_id=organisation_id)
    return user


@raises(get_user, UserExists, LastAdministrator, LastOperator, PermissionMissing)
async def change_user(
    session: AsyncSession, who: Who, organisation_id: UUID, user_id: UUID, changes: Mapping[str, Any]
) -> User:
    """Change `name`, `email`, `role`, `operator` or `active`.

    Raises UserNotFound (404), UserExists, LastAdministrator or LastOperator (409), and PermissionMissing (403) when it
    concerns an operator, whom only operators change.
    """
    existing(await repository.lock_organisation(session, organisation_id), UserNotFound)
    user = await get_user(session, organisation_id, user_id)
    if (user.operator or "operator" in changes) and not _operates(who):
        raise PermissionMissing(Permission.OPERATE, "Only an operator of the installation may change an operator.")
    if user.operator:
        await repository.lock_operators(session)
    before = _state(user)
    wanted = {**before, **changes}
    if wanted["name"] != user.name and await find_user_by_name(session, organisation_id, wanted["name"]):
        raise UserExists(f"There is a user {wanted['name']!r} already.")
    user.name, user.email, user.role, user.operator = (wanted[key] for key in ("name", "email", "role", "operator"))
    if wanted["active"] != before["active"]:
        user.deactivated_at = None if wanted["active"] else func.now()
    await session.flush()
    if before["role"] == "admin" and not await repository.has_administrator(session, organisation_id):
        raise LastAdministrator("An organisation keeps an administrator: make another user one first.")
    if before["operator"] and not await repository.has_operator(session):
        raise LastOperator("An installation keeps an operator: make another user one first.")
    await session.refresh(user)
    details = changed(before, wanted)
    target = Target("user", user.id, user.name)
    if details["changed"]:
        await record(session, who, Action.USER_UPDATED, target=target, details=details, organisation_id=organisation_id)
    return user


def _operates(who: Who) -> bool:
    """The command line does, and the service for the provider's groups; a caller does with the permission."""
    return who.kind in ("command", "service") if isinstance(who, Actor) else Permission.OPERATE in who.permissions


def _state(user: User) -> dict[str, Any]:
    own = {name: getattr(user, name) for name in ("name", "email", "role", "operator")}
    return own | {"active": user.deactivated_at is None}
