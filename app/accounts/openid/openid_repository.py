"""Rows of people whom an OpenID provider knows, and of the sessions that they opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, IdentitySession, SpentSignIn
from app.auth.models import Organisation, Session, User


async def spend(session: AsyncSession, state_hash: bytes, until: datetime) -> bool:
    """Note that the answer with this state was taken; False when it was before."""
    values = {"state_hash": state_hash, "expires_at": until}
    statement = insert(SpentSignIn).values(values).on_conflict_do_nothing().returning(SpentSignIn.state_hash)
    return (await session.execute(statement)).first() is not None


async def delete_spent(session: AsyncSession) -> int:
    """Remove what was noted of answers that could no longer be taken anyway; returns how many."""
    statement = delete(SpentSignIn).where(SpentSignIn.expires_at < func.now()).returning(SpentSignIn.state_hash)
    return len((await session.execute(statement)).all())


async def find_identity(
    session: AsyncSession, issuer: str, subject: str, organisation_id: UUID
) -> tuple[Identity, User] | None:
    """The person as a user of the organisation."""
    query = select(Identity, User).join(User, User.id == Identity.user_id)
    query = query.where(Identity.issuer == issuer, Identity.subject == subject)
    found = (await session.execute(query.where(Identity.organisation_id == organisation_id))).one_or_none()
    return (found[0], found[1]) if found else None


async def list_users(session: AsyncSession, issuer: str, subject: str) -> Sequence[User]:
    """The person as a user of every organisation."""
    query = select(User).join(Identity, Identity.user_id == User.id)
    query = query.where(Identity.issuer == issuer, Identity.subject == subject)
    return (await session.execute(query.order_by(User.id))).scalars().all()


async def list_by_email(session: AsyncSession, organisation_id: UUID, issuer: str, email: str) -> Sequence[User]:
    """The organisation's users with this address, in whatever case, whom the provider does not know yet."""
    known = select(Identity.user_id).where(Identity.issuer == issuer)
    query = select(User).where(User.organisation_id == organisation_id, func.lower(User.email) == email.lower())
    return (await session.execute(query.where(User.id.not_in(known)).order_by(User.id))).scalars().all()


async def find_organisation(session: AsyncSession, named: str) -> Organisation | None:
    """The organisation of this name, or else of this id."""
    query = select(Organisation).where(Organisation.name == named)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        try:
            found = await session.get(Organisation, UUID(named))
        except ValueError:
            return None
    return found


async def is_by_provider(session: AsyncSession, session_id: UUID | None) -> bool:
    """Whether this browser session was opened by the provider."""
    query = select(IdentitySession.session_id).where(IdentitySession.session_id == session_id)
    return (await session.execute(query)).first() is not None


async def end_sessions(
    session: AsyncSession, issuer: str, subject: str | None, provider_session: str | None, before: datetime
) -> Sequence[tuple[UUID, User]]:
    """End the sessions that the person, or the provider's session, opened before a time; returns each with its user."""
    query = (
        select(Session.id, User)
        .join(IdentitySession, IdentitySession.session_id == Session.id)
        .join(Identity, Identity.id == IdentitySession.identity_id)
        .join(User, User.id == Session.user_id)
        .where(Identity.issuer == issuer, Session.created_at <= before)
    )
    if subject is not None:
        query = query.where(Identity.subject == subject)
    if provider_session is not None:
        query = query.where(IdentitySession.provider_session == provider_session)
    found = [(row[0], row[1]) for row in await session.execute(query.with_for_update(of=Session))]
    await session.execute(delete(Session).where(Session.id.in_([session_id for session_id, _ in found])))
    return found
