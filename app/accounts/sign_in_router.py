"""The printed link: a page that asks whether to sign in, and the sign-in, which uses the link up."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.accounts.cookies import end_session, set_cookie
from app.accounts.dependencies import AuthSettingsDep
from app.accounts.link_pages import HEADERS, TEMPLATES
from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth import repository, session_repository, sessions
from app.auth.caller import refuse_cross_site
from app.auth.dependencies import count_wrong_key
from app.auth.models import Organisation, User
from app.auth.secrets import secret_hash
from app.kit.declarations import raises, takes_query
from app.kit.dependencies import DatabaseDep
from app.kit.web.public_address import public_path
from app.kit.words import quantity

router = APIRouter(include_in_schema=False)
Token = Annotated[str, Query(max_length=500)]


def _page(life: timedelta, token: str = "", user: User | None = None, organisation: Organisation | None = None) -> str:
    title = "Sign in" if user else "This link no longer works"
    minutes = quantity(round(life.total_seconds() / 60) or 1, "minute")
    page = TEMPLATES.get_template("sign_in.html")
    return page.render(title=title, token=token, user=user, organisation=organisation, life=minutes)


@router.get("/sign-in")
@takes_query("*")
async def show_sign_in_link(
    request: Request, database: DatabaseDep, settings: AuthSettingsDep, token: Token = ""
) -> Response:
    """What a link would do. Nothing is changed: mail programs and chats look at links before people do."""
    async with database.transaction() as session:
        user = await session_repository.find_link(session, secret_hash(token))
        organisation = await repository.get_organisation(session, user.organisation_id) if user else None
    if user is None:
        await count_wrong_key(request, signing_in=True)
        return HTMLResponse(_page(settings.link_life), 410, HEADERS)
    return HTMLResponse(_page(settings.link_life, token, user, organisation), headers=HEADERS)


@router.post("/sign-in")
@raises(refuse_cross_site, count_wrong_key)
async def follow_sign_in_link(
    database: DatabaseDep,
    request: Request,
    settings: AuthSettingsDep,
    token: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Signs the browser in and goes on to the console. The link is used up; another site's page cannot do it."""
    refuse_cross_site(request)
    async with database.transaction() as session:
        user = await session_repository.take_link(session, secret_hash(token))
        if user:
            await end_session(session, request)
            opened, secret = await sessions.open_session(session, user, settings)
            actor = Actor("user", user.name, user.id, opened.id, user.organisation_id)
            target = Target("session", opened.id, opened.device)
            await record(session, actor, Action.SESSION_CREATED, target=target, details={"by": "link"})
    if user is None:
        await count_wrong_key(request, signing_in=True)
        return HTMLResponse(_page(settings.link_life), 410, HEADERS)
    response = RedirectResponse(public_path("/"), 303, HEADERS)
    set_cookie(request, response, secret, opened)
    return response
