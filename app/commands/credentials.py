"""`tranche sign-in`, `tranche keys` and `tranche secret`: credentials, without the HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.administrator import has_admin_key, write_admin_key
from app.audit.actions import Action
from app.audit.record import Target, operator_at_shell, record
from app.auth import repository, service, sessions
from app.auth.key_limits import KeyLimits
from app.auth.models import ApiKey, User
from app.auth.permissions import Role
from app.auth.rotation import rotate_key
from app.auth.settings import AuthSettings
from app.commands import ServiceRefused
from app.commands.administration import run_with_database
from app.commands.client import address_of
from app.installation import Installation
from app.kit.secrets.signing import rotate
from app.settings import Settings


def create_key(
    settings: Settings,
    *,
    organisation: str,
    user: str,
    role: Role,
    name: str,
    life: timedelta | None = None,
    scopes: Sequence[str] = (),
    pipelines: Sequence[str] = (),
) -> str:
    """A new key for a user of an organisation, each made when missing; returns the secret."""
    installation = Installation(settings)

    async def work() -> str:
        await installation.migrate()
        async with installation.database.transaction() as session:
            owner = await service.ensure_user(session, organisation, user, role)
            now = (await session.execute(select(func.now()))).scalar_one()
            limits = KeyLimits(now + life if life else None, list(scopes) or None, list(pipelines) or None)
            key, secret = await service.add_key(session, owner.id, name, limits=limits)
            await _tell(session, Action.KEY_CREATED, key, owner.organisation_id, user_name=user)
            return secret

    return run_with_database(settings, work, installation)


def list_keys(settings: Settings, organisation: str) -> list[tuple[str, str, str, str, str]]:
    """Id, user, name, last characters and limits of an organisation's keys."""
    installation = Installation(settings)

    async def work() -> list[tuple[str, str, str, str, str]]:
        await installation.migrate()
        async with installation.database.transaction() as session:
            owner = await repository.find_organisation(session, organisation)
            if owner is None:
                raise ServiceRefused(f"There is no organisation {organisation!r}.")
            rows = await repository.list_keys(session, owner.id)
            return [(str(key.id), user.name, key.name, key.hint, _limits(key)) for key, user in rows]

    return run_with_database(settings, work, installation)


def _limits(key: ApiKey) -> str:
    """What a key is narrowed to and when it ends, in words; empty when it is narrowed to nothing and never ends."""
    found = [", ".join(names) for names in (key.scopes, key.pipelines) if names is not None]
    return "; ".join([*found, *([f"until {key.expires_at:%Y-%m-%d %H:%M} UTC"] if key.expires_at else [])])


def revoke_key(settings: Settings, key_id: UUID) -> None:
    """End a key at once, with all that was made with it."""
    installation = Installation(settings)

    async def work() -> None:
        await installation.migrate()
        async with installation.database.transaction() as session:
            key = await session.get(ApiKey, key_id)
            if key is None:
                raise ServiceRefused("There is no such key.")
            user = await session.get_one(User, key.user_id)
            ended = await repository.revoke_key(session, key_id)
            await _tell(session, Action.KEY_REVOKED, key, user.organisation_id, keys_ended=ended)

    run_with_database(settings, work, installation)


async def _tell(session: AsyncSession, action: Action, key: ApiKey, organisation_id: UUID, **details: object) -> None:
    target = Target("key", key.id, key.name)
    await record(session, operator_at_shell(), action, target=target, details=details, organisation_id=organisation_id)


def rotate_secret(settings: Settings, overlap: timedelta) -> datetime:
    """Replace the secret in the data folder's file; returns until when the one before counts."""
    if settings.secret_key:
        raise ServiceRefused(
            "The secret is in TRANCHE_SECRET_KEY. Put a new one there, and the present one into"
            " TRANCHE_SECRET_KEY_PREVIOUS, for every process."
        )
    installation = Installation(settings)

    async def work() -> datetime:
        await installation.migrate()
        async with installation.database.transaction() as session:
            details = {"overlap_days": overlap / timedelta(days=1)}
            await record(session, operator_at_shell(), Action.SECRET_ROTATED, details=details)
            return await asyncio.to_thread(rotate, settings.home, overlap)

    return run_with_database(settings, work, installation)


def make_sign_in_link(settings: Settings, organisation: str | None, name: str | None) -> str:
    """The address of a new link for a user, by default the first administrator; the one before no longer works."""
    installation = Installation(settings)

    async def work() -> str:
        await installation.migrate()
        async with installation.database.transaction() as session:
            if name is None:
                user = await repository.find_first_admin(session)
            else:
                owner = await repository.find_organisation(session, organisation or "Default")
                user = await repository.find_user(session, owner.id, name) if owner else None
            if user is None or user.deactivated_at:
                raise ServiceRefused("There is no such user." if name else "There is no administrator yet.")
            token = await sessions.make_link(session, user, settings.of(AuthSettings).link_life)
            target = Target("user", user.id, user.name)
            who = operator_at_shell()
            await record(session, who, Action.LINK_CREATED, target=target, organisation_id=user.organisation_id)
            return f"{address_of(settings)}/sign-in?token={token}"

    return run_with_database(settings, work, installation)


def replace_key(settings: Settings, key_id: UUID, overlap: timedelta) -> str:
    """A new key in the place of another, which goes on working for the overlap; returns the new secret."""
    installation = Installation(settings)

    async def work() -> str:
        await installation.migrate()
        async with installation.database.transaction() as session:
            found = await repository.find_live_key(session, None, key_id)
            if found is None:
                raise ServiceRefused("There is no such key, or it has ended.")
            key, user = found
            limits = KeyLimits(key.expires_at, key.scopes, key.pipelines, key.parent_id)
            made, secret = await rotate_key(session, key, limits, overlap)
            await _tell(session, Action.KEY_ROTATED, key, user.organisation_id, new_key_id=made.id)
            if has_admin_key(settings.home, key.key_hash):  # the commands on this machine read it there
                write_admin_key(settings.home, secret)
            return secret

    return run_with_database(settings, work, installation)
