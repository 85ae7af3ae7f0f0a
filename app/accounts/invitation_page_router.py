"""The page of an invitation: asks whether to accept it, and signs the browser in as the new user."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.accounts import invitations
from app.accounts.cookies import end_session, set_cookie
from app.accounts.dependencies import AuthSettingsDep
from app.accounts.errors import InvitationNotFound, UserExists
from app.accounts.link_pages import HEADERS, TEMPLATES
from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth import sessions
from app.auth.caller import refuse_cross_site
from app.kit.declarations import raises, takes_query
from app.kit.dependencies import SessionDep
from app.kit.web.public_address import public_path

router = APIRouter(include_in_schema=False)
_page: Final = TEMPLATES.get_template("invitation.html")


def _gone() -> Response:
    return HTMLResponse(_page.render(code="", invitation=None, organisation=None), 410, HEADERS)


@router.get("/invitation")
@takes_query("*")
async def show_invitation(session: SessionDep, code: Annotated[str, Query(max_length=500)] = "") -> Response:
    """What the code invites to. Nothing is changed: mail programs look at links before people do."""
    try:
        invitation, organisation = await invitations.find(session, code)
    except InvitationNotFound:
        return _gone()
    return HTMLResponse(_page.render(code=code, invitation=invitation, organisation=organisation), headers=HEADERS)


@router.post("/invitation")
@raises(refuse_cross_site)
async def follow_invitation(
    session: SessionDep, request: Request, settings: AuthSettingsDep, code: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Makes the user, signs the browser in and goes on to the console. Another site's page cannot do it."""
    refuse_cross_site(request)
    try:
        user = await invitations.accept(session, code)
    except (InvitationNotFound, UserExists):
        return _gone()
    response = RedirectResponse(public_path("/"), 303, HEADERS)
    await end_session(session, request)
    opened, secret = await sessions.open_session(session, user, settings)
    actor, target = Actor("user", user.name, user.id, opened.id, user.organisation_id), Target("session", opened.id)
    await record(session, actor, Action.SESSION_CREATED, target=target, details={"by": "invitation"})
    set_cookie(request, response, secret, opened)
    return response
