"""Rows of users, invitations and organisations, for those who administer them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Invitation
from app.auth.live import USER_IS_LIVE
from app.auth.models import ApiKey, Organisation, Session, User
from app.kit.pages import Page, PageRequest, paginate, paginate_one

EXPIRED_FOR: Final = timedelta(days=30)
"""An invitation that nobody accepted is shown that long, so that whoever made it sees that it is over."""
_LAST_USED = select(func.max(ApiKey.last_used_at)).where(ApiKey.user_id == User.id).scalar_subquery()


async def list_users(
    session: AsyncSession, organisation_id: UUID, page: PageRequest
) -> Page[Row[User, datetime | None]]:
    """The organisation's users, oldest first, each with when one of its keys was used last."""
    query = select(User, _LAST_USED).where(User.organisation_id == organisation_id)
    return await paginate(session, query, page, key=(User.created_at, User.id))


async def find_user(session: AsyncSession, organisation_id: UUID, user_id: UUID) -> User | None:
    query = select(User).where(User.id == user_id, User.organisation_id == organisation_id)
    return (await session.execute(query)).scalar_one_or_none()


async def lock_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation | None:
    """The organisation, locked: who its users are changes by one transaction at a time."""
    query = select(Organisation).where(Organisation.id == organisation_id).with_for_update(key_share=True)
    return (await session.execute(query)).scalar_one_or_none()


async def lock_operators(session: AsyncSession) -> None:
    """Who operates the installation changes by one transaction at a time."""
    await session.execute(select(User.id).where(User.operator).order_by(User.id).with_for_update())


async def has_administrator(session: AsyncSession, organisation_id: UUID) -> bool:
    """Whether an administrator of the organisation can sign in."""
    query = select(User.id).where(User.organisation_id == organisation_id, User.role == "admin")
    return (await session.execute(query.where(User.deactivated_at.is_(None)).limit(1))).first() is not None


async def has_operator(session: AsyncSession) -> bool:
    """Whether an operator of the installation can sign in."""
    query = select(User.id).where(User.operator, USER_IS_LIVE).limit(1)
    return (await session.execute(query)).first() is not None


async def has_operators(session: AsyncSession, organisation_id: UUID) -> bool:
    """Whether users of the organisation operate the installation."""
    query = select(User.id).where(User.operator, User.organisation_id == organisation_id).limit(1)
    return (await session.execute(query)).first() is not None


async def delete_sessions(session: AsyncSession, organisation_id: UUID) -> int:
    """Remove all sessions and sign-in links of the organisation; returns how many browsers were signed in."""
    users = select(User.id).where(User.organisation_id == organisation_id)
    gone = await session.execute(delete(Session).where(Session.user_id.in_(users)).returning(Session.kind))
    return gone.scalars().all().count("browser")


async def list_invitations(
    session: AsyncSession, organisation_id: UUID, page: PageRequest, *, expired: bool = False
) -> Page[Invitation]:
    """Those that can still be accepted, newest first; `expired`: those that are over as well."""
    query = select(Invitation).where(Invitation.organisation_id == organisation_id)
    query = query if expired else query.where(Invitation.expires_at > func.now())
    return await paginate_one(session, query, page, key=(Invitation.id,), descending=True)


async def find_invitation(session: AsyncSession, organisation_id: UUID, invitation_id: UUID) -> Invitation | None:
    query = select(Invitation).where(Invitation.id == invitation_id, Invitation.organisation_id == organisation_id)
    return (await session.execute(query)).scalar_one_or_none()


async def find_invitation_by_code(
    session: AsyncSession, code_hash: bytes, *, lock: bool = False
) -> tuple[Invitation, Organisation] | None:
    """The invitation with this code, if it can still be accepted. Locked, one of two who accept it at once waits."""
    query = select(Invitation, Organisation).join(Organisation, Organisation.id == Invitation.organisation_id)
    query = query.where(Invitation.code_hash == code_hash, Invitation.expires_at > func.now())
    query = query.where(Organisation.disabled_at.is_(None))
    row = (await session.execute(query.with_for_update(of=Invitation) if lock else query)).first()
    return (row[0], row[1]) if row else None


async def delete_expired_invitations(session: AsyncSession) -> int:
    """Remove invitations whose time has been over for a while; returns how many."""
    over = Invitation.expires_at < func.now() - EXPIRED_FOR
    gone = await session.execute(delete(Invitation).where(over).returning(Invitation.id))
    return len(gone.all())


async def list_organisations(session: AsyncSession, page: PageRequest) -> Page[Organisation]:
    """Every organisation of the installation, by name."""
    return await paginate_one(session, select(Organisation), page, key=(Organisation.name, Organisation.id))


async def lock_names(session: AsyncSession) -> None:
    """The names of organisations change by one transaction at a time, so that a name is refused and not an insert."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("organisation names", 0))))


async def find_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation | None:
    return await session.get(Organisation, organisation_id)


async def count_users(session: AsyncSession, organisation_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Of each organisation, how many users can sign in, and how many administrators are among them."""
    figures = {organisation_id: {"users": 0, "administrators": 0} for organisation_id in organisation_ids}
    admins = func.count().filter(User.role == "admin")
    query = select(User.organisation_id, func.count(), admins).group_by(User.organisation_id)
    query = query.where(User.organisation_id.in_(organisation_ids), User.deactivated_at.is_(None))
    for organisation_id, users, administrators in await session.execute(query):
        figures[organisation_id] = {"users": users, "administrators": administrators}
    return figures
