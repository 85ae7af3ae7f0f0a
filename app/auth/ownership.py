"""Who may change what somebody made: its maker, administrators, and every member where the organisation says so."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.auth.errors import NotOwner
from app.auth.repository import get_organisation
from app.kit.declarations import raises


@raises(NotOwner)
async def check_owner(session: AsyncSession, caller: Caller, maker_id: UUID | None) -> None:
    """Raise NotOwner (403) unless the caller may change what this user made.

    What has no maker, because the user was erased or it was taken over from an older system, is the administrators'.
    """
    if caller.role == "admin" or maker_id == caller.user_id:
        return
    if not (await get_organisation(session, caller.organisation_id)).members_manage_all:
        raise NotOwner
