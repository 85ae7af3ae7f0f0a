"""`tranche sign-in`, `tranche keys rotate` and `tranche secret`: credentials, without the HTTP API."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from app.audit.actions import Action
from app.audit.record import Target, operator_at_shell, record
from app.auth import repository, sessions
from app.auth.key_limits import KeyLimits
from app.auth.rotation import rotate_key
from app.auth.settings import AuthSettings
from app.commands import ServiceRefused
from app.commands.administration import run_with_database
from app.commands.client import address_of
from app.installation import Installation
from app.kit.private_folders import make_home
from app.kit.service import CannotStart
from app.kit.signing import rotate
from app.settings import Settings


def rotate_secret(settings: Settings, overlap: timedelta) -> datetime:
    """Replace the secret in the data folder's file; returns until when the one before counts."""
    if settings.secret_key:
        raise ServiceRefused(
            "The secret is in TRANCHE_SECRET_KEY. Put a new one there, and the present one into"
            " TRANCHE_SECRET_KEY_PREVIOUS, for every process."
        )
    make_home(settings.home, with_database=settings.database_url is None)
    try:
        return rotate(settings.home, overlap)
    except CannotStart as error:
        raise ServiceRefused(str(error)) from None


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
            target, details = Target("key", key.id, key.name), {"new_key_id": made.id}
            who = operator_at_shell()
            await record(
                session,
                who,
                Action.KEY_ROTATED,
                target=target,
                details=details,
                organisation_id=user.organisation_id,
            )
            return secret

    return run_with_database(settings, work, installation)
