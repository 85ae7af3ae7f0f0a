"""Browsers that are signed in: which they are, and an end to one or to all."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.accounts.cookies import forget_cookie
from app.accounts.schemas import SignedIn, SignedInPage, SignedOut
from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth import session_repository, sessions
from app.auth.dependencies import CallerDep, require
from app.auth.errors import AdminOnly
from app.auth.models import User
from app.auth.permissions import Permission
from app.kit.declarations import raises
from app.kit.dependencies import PageDep, SessionDep
from app.kit.errors import NotFound

router = APIRouter(prefix="/api/sessions", tags=["auth"])


@router.get("")
@raises(AdminOnly)
async def list_sessions(
    session: SessionDep,
    caller: CallerDep,
    page: PageDep,
    whose: Annotated[
        Literal["mine", "organisation"], Query(description="`organisation`: of all its users, for administrators.")
    ] = "mine",
) -> SignedInPage:
    """The browsers that are signed in, newest first."""
    if whose == "organisation":
        require(caller, Permission.ADMIN)
    user_id = caller.user_id if whose == "mine" else None
    found = await session_repository.list_sessions(session, caller.organisation_id, user_id, page)
    shown = [
        SignedIn.of(
            row, user_name=user.name, key_name=key.name if key else None, current=row.id == caller.credential_id
        )
        for row, key, user in found.rows
    ]
    return SignedInPage(sessions=shown, next_cursor=found.next_cursor)


@router.delete("")
@raises(AdminOnly, NotFound)
async def sign_out_everywhere(
    session: SessionDep,
    caller: CallerDep,
    request: Request,
    response: Response,
    user_id: Annotated[UUID | None, Query(description="Another user, for administrators.")] = None,
) -> SignedOut:
    """Sign out everywhere: ends all sessions, sign-in links and stream tickets of the user. Keys go on working."""
    if user_id not in (None, caller.user_id):
        require(caller, Permission.ADMIN)
    user = await session.get(User, user_id or caller.user_id)
    if user is None or user.organisation_id != caller.organisation_id:
        raise NotFound("There is no such user.")
    ended = await sessions.sign_out_everywhere(session, user)
    target = Target("user", user.id, user.name)
    await record(session, caller, Action.SESSION_ENDED, target=target, details={"count": ended})
    if user.id == caller.user_id:
        forget_cookie(request, response)
    return SignedOut(ended=ended)


@router.delete("/{session_id}", status_code=204)
@raises(NotFound)
async def end_session(session_id: UUID, session: SessionDep, caller: CallerDep) -> None:
    """Sign a browser out: one of your own, for administrators one of the organisation's."""
    found = await session_repository.find_session(session, caller.organisation_id, session_id)
    if found is None or (found.user_id != caller.user_id and Permission.ADMIN not in caller.permissions):
        raise NotFound("There is no such session.")
    await session_repository.delete_session(session, session_id)
    user = await session.get_one(User, found.user_id)
    await record(session, caller, Action.SESSION_ENDED, target=Target("session", session_id, user.name))
