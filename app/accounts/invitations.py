"""Invitations: made, taken back and accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import people, repository
from app.accounts.errors import InvitationNotFound, UserExists
from app.accounts.models import Invitation
from app.accounts.people import Who
from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth.caller import Caller
from app.auth.models import Organisation, User
from app.auth.repository import find_user as find_user_by_name
from app.auth.secrets import secret_hash
from app.kit.declarations import raises
from app.kit.errors import existing
from app.limits.errors import OrganisationNotFound

PURPOSE: Final = b"invitation"
DAYS: Final = 7


class InvitationMailer(Protocol):
    """Sends invitations by mail. `configured`: whether the installation has a mail server."""

    @property
    def configured(self) -> bool: ...

    async def invite(self, recipient: str, *, organisation: str, inviter: str, link: str, days: int) -> None:
        """Send one; the log says why one failed."""
        ...


def link_of(base_url: str, code: str) -> str:
    """The address of the page that accepts an invitation; only its path where people's address is not known."""
    return f"{base_url}/invitation?code={code}"


@raises(UserExists, OrganisationNotFound)
async def add_invitation(
    session: AsyncSession,
    who: Who,
    organisation_id: UUID,
    *,
    name: str,
    email: str | None,
    role: str,
    code: str,
    days: int = DAYS,
) -> Invitation:
    """An invitation that `code` accepts; raises UserExists (409)."""
    existing(await repository.lock_organisation(session, organisation_id), OrganisationNotFound)
    if await find_user_by_name(session, organisation_id, name):
        raise UserExists(f"There is a user {name!r} already.")
    now = (await session.execute(select(func.now()))).scalar_one()
    invitation = Invitation(
        organisation_id=organisation_id,
        name=name,
        email=email,
        role=role,
        code_hash=secret_hash(code),
        created_by=who.user_id if isinstance(who, Caller) else None,
        expires_at=now + timedelta(days=days),
    )
    session.add(invitation)
    await session.flush()
    await session.refresh(invitation)
    target = Target("invitation", invitation.id, name)
    details = {"role": role, "email": email, "expires_at": invitation.expires_at}
    action = Action.INVITATION_CREATED
    await record(session, who, action, target=target, details=details, organisation_id=organisation_id)
    return invitation


@raises(InvitationNotFound)
async def revoke_invitation(session: AsyncSession, who: Who, organisation_id: UUID, invitation_id: UUID) -> None:
    """Take an invitation back; raises InvitationNotFound (404)."""
    found = await repository.find_invitation(session, organisation_id, invitation_id)
    invitation = existing(found, InvitationNotFound)
    await session.delete(invitation)
    target = Target("invitation", invitation.id, invitation.name)
    await record(session, who, Action.INVITATION_REVOKED, target=target, organisation_id=organisation_id)


@raises(InvitationNotFound)
async def find(session: AsyncSession, code: str) -> tuple[Invitation, Organisation]:
    """What a code invites to; raises InvitationNotFound (404)."""
    found = await repository.find_invitation_by_code(session, secret_hash(code))
    return existing(found, InvitationNotFound)


@raises(InvitationNotFound, people.add_user)
async def accept(session: AsyncSession, code: str) -> User:
    """The user that the holder of the code becomes, once; raises InvitationNotFound (404) or UserExists (409)."""
    found = await repository.find_invitation_by_code(session, secret_hash(code), lock=True)
    invitation, organisation = existing(found, InvitationNotFound)
    who = Actor("user", invitation.name, organisation_id=organisation.id)
    user = await people.add_user(
        session, who, organisation.id, name=invitation.name, role=invitation.role, email=invitation.email
    )
    await session.delete(invitation)
    target = Target("invitation", invitation.id, invitation.name)
    await record(
        session, Actor("user", user.name, user.id, None, organisation.id), Action.INVITATION_ACCEPTED, target=target
    )
    return user
