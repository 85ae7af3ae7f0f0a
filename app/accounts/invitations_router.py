"""Invitations into the organisation, and accepting one with its code."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.accounts import invitations, repository
from app.accounts.inviting import Inviter, InviterDep
from app.accounts.people_schemas import (
    InvitationAccept,
    InvitationAccepted,
    InvitationCreate,
    InvitationCreated,
    InvitationPage,
    InvitationRead,
)
from app.accounts.schemas import UserRead
from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth.caller import refuse_cross_site
from app.auth.dependencies import AdminDep
from app.auth.repository import get_organisation
from app.auth.service import add_key
from app.kit.declarations import raises
from app.kit.dependencies import PageDep, SessionDep

router = APIRouter(prefix="/api/invitations", tags=["people"])


@router.get("")
async def list_invitations(
    caller: AdminDep,
    session: SessionDep,
    page: PageDep,
    expired: Annotated[bool, Query(description="Also those whose time was over in the last 30 days.")] = False,
) -> InvitationPage:
    """The organisation's invitations that can still be accepted, newest first."""
    found = await repository.list_invitations(session, caller.organisation_id, page, expired=expired)
    return InvitationPage(invitations=[InvitationRead.of(row) for row in found.rows], next_cursor=found.next_cursor)


@router.post("", status_code=201)
@raises(Inviter.invite)
async def create_invitation(caller: AdminDep, body: InvitationCreate, inviter: InviterDep) -> InvitationCreated:
    """Invite a person: a user, who accepts with the code, once. It is shown only now, and mailed if it can be."""
    return await inviter.invite(caller, caller.organisation_id, body)


@router.post("/accept")
@raises(invitations.accept, refuse_cross_site)
async def accept_invitation(
    body: InvitationAccept, session: SessionDep, request: Request, response: Response
) -> InvitationAccepted:
    """Become a user with the code of an invitation; needs no other credential. The reply holds a key, this once."""
    refuse_cross_site(request)
    user = await invitations.accept(session, body.code)
    key, secret = await add_key(session, user.id, "from the invitation")
    actor = Actor("user", user.name, user.id, organisation_id=user.organisation_id)
    await record(session, actor, Action.KEY_CREATED, target=Target("key", key.id, key.name))
    organisation = await get_organisation(session, user.organisation_id)
    response.headers["Cache-Control"] = "no-store"
    return InvitationAccepted(
        user=UserRead.of(user), organisation_id=organisation.id, organisation_name=organisation.name, key=secret
    )


@router.delete("/{invitation_id}", status_code=204)
@raises(invitations.revoke_invitation)
async def revoke_invitation(caller: AdminDep, invitation_id: UUID, session: SessionDep) -> None:
    """Take an invitation back: its code opens nothing any more. One whose time is over is forgotten."""
    await invitations.revoke_invitation(session, caller, caller.organisation_id, invitation_id)
