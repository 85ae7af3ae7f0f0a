"""Signing in with the OpenID provider: the way there, the way back, and the way out."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.accounts.cookies import end_session, set_cookie
from app.accounts.dependencies import AuthSettingsDep
from app.accounts.link_pages import HEADERS, TEMPLATES
from app.accounts.models import IdentitySession
from app.accounts.openid import admission, attempts, openid_repository
from app.accounts.openid.admission import Refused
from app.accounts.openid.attempts import Attempt
from app.accounts.openid.claims import Person
from app.accounts.openid.dependencies import ProviderDep
from app.accounts.openid.provider import CALLBACK, Provider
from app.accounts.openid.refusals import CodeRefused, ProviderAway, TokenNotValid
from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth import sessions
from app.auth.dependencies import count_wrong_key
from app.auth.secrets import secret_hash
from app.auth.settings import AuthSettings
from app.kit.db import Database
from app.kit.declarations import takes_query
from app.kit.dependencies import DatabaseDep, SigningKeyDep
from app.kit.errors import NotFound
from app.kit.web.public_address import public_path

SIGN_IN: Final = "/sign-in/oidc"
SIGN_OUT: Final = "/sign-in/oidc/sign-out"
AWAY_SECONDS: Final = 10
log = logging.getLogger("tranche.openid")
router = APIRouter(include_in_schema=False)
Path = Annotated[str, Query(alias="next", max_length=2000)]
Given = Annotated[str, Query(max_length=10_000)]
_page: Final = TEMPLATES.get_template("openid.html")
_NOT_BEGUN: Final = "It was begun in another browser, was finished already, or took more than ten minutes."
_NOT_PROVEN: Final = "The provider’s answer could not be checked, so it does not count."
_NOT_GIVEN: Final = "The provider did not sign you in."


def _show(
    status: int, title: str, text: str, path: str = "/", button: str = "Try again", *, anew: bool = False
) -> Response:
    """A page whose button begins a sign-in; `anew`: where the provider asks again who it is."""
    query = urlencode({"next": path} | ({"prompt": "login"} if anew else {}))
    page = _page.render(title=title, text=text, button=button, address=public_path(f"{SIGN_IN}?{query}"))
    return HTMLResponse(page, status, HEADERS)


def _away(provider: Provider, trouble: ProviderAway) -> Response:
    log.error("the OpenID provider %s: %s", provider.issuer, trouble)
    text = "The provider cannot be reached just now, or is not set up for this service. Other ways to sign in work."
    shown = _show(503, "You cannot be signed in now", text)
    shown.headers["Retry-After"] = str(AWAY_SECONDS)
    return shown


def _required(provider: Provider) -> Provider:
    if not provider.configured:
        raise NotFound("This service has no OpenID provider.")
    return provider


def _is_led_here(request: Request) -> bool:
    """Whether a page of another site sent the browser: then a person has to ask first for what is to happen."""
    return request.headers.get("sec-fetch-site") in ("cross-site", "same-site")


@router.get(SIGN_IN)
@takes_query("*")
async def begin_sign_in(
    request: Request, provider: ProviderDep, key: SigningKeyDep, path: Path = "/", prompt: Given = ""
) -> Response:
    """Sends the browser to the provider. It comes back to `next`, where that is a path of this service.

    With `prompt=login` the provider asks who it is, even where it knows.
    """
    _required(provider)
    attempt = attempts.new_attempt(path)
    if _is_led_here(request):
        text = "A page of another site would have you signed in."
        return _show(200, "Sign in to Tranche", text, attempt.path, f"Sign in with {provider.settings.oidc_label}")
    try:
        url = await provider.authorization_url(attempt, anew=prompt == "login")
    except ProviderAway as trouble:
        return _away(provider, trouble)
    response = RedirectResponse(url, 303, HEADERS)
    attempts.remember(request, response, key, attempt)
    return response


@router.get(CALLBACK)
@takes_query("*")
async def finish_sign_in(
    request: Request,
    database: DatabaseDep,
    provider: ProviderDep,
    key: SigningKeyDep,
    settings: AuthSettingsDep,
    state: Given = "",
    code: Given = "",
    error: Given = "",
    iss: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Takes the provider's answer, once, from the browser that asked, and signs it in."""
    _required(provider)
    attempt = attempts.find(request, key, state)
    if attempt is None or not await _spend(database, attempt):
        await count_wrong_key(request, signing_in=True)
        return _show(400, "This sign-in cannot be finished", _NOT_BEGUN)
    try:
        await provider.check_sender(iss)
        if error or not code:
            raise CodeRefused
        person = await provider.redeem(code, attempt)
        response = await _sign_in(request, database, provider, settings, person, attempt)
    except ProviderAway as trouble:
        response = _away(provider, trouble)
    except CodeRefused:
        await count_wrong_key(request, signing_in=True)
        response = _show(403, "You were not signed in", _NOT_GIVEN, attempt.path)
    except TokenNotValid as trouble:
        log.warning("an answer of the OpenID provider %s does not count: %s", provider.issuer, trouble)
        await count_wrong_key(request, signing_in=True)
        await _record_refusal(database, trouble)
        response = _show(403, "You were not signed in", _NOT_PROVEN, attempt.path)
    attempts.forget(request, response)
    return response


@router.get(SIGN_OUT)
@takes_query("*")
async def sign_out_of_provider(request: Request, provider: ProviderDep) -> Response:
    """Sends a browser that was signed out here to where it signs out of the provider, if there is such a place."""
    _required(provider)
    if _is_led_here(request):
        return RedirectResponse(public_path("/"), 303, HEADERS)
    try:
        url = await provider.sign_out_url()
    except ProviderAway as trouble:
        return _away(provider, trouble)
    return RedirectResponse(url or public_path("/"), 303, HEADERS)


async def _spend(database: Database, attempt: Attempt) -> bool:
    async with database.transaction() as session:
        until = datetime.fromtimestamp(attempt.until, UTC)
        return await openid_repository.spend(session, secret_hash(attempt.state), until)


async def _sign_in(
    request: Request,
    database: Database,
    provider: Provider,
    settings: AuthSettings,
    person: Person,
    attempt: Attempt,
) -> Response:
    try:
        async with database.transaction() as session:
            user, identity = await admission.admit(session, person, provider.settings)
            await end_session(session, request)
            life = provider.settings.session_life
            opened, secret = await sessions.open_session(session, user, settings, life=life)
            session.add(
                IdentitySession(session_id=opened.id, identity_id=identity.id, provider_session=person.session_id)
            )
            actor = Actor("user", user.name, user.id, opened.id, user.organisation_id)
            target = Target("session", opened.id, opened.device)
            await record(session, actor, Action.SESSION_CREATED, target=target, details={"by": "openid"})
    except Refused as refused:
        async with database.transaction() as session:
            await admission.shut_out(session, person, refused)
        return _show(403, "You may not sign in here", str(refused), attempt.path, "Sign in as somebody else", anew=True)
    response = RedirectResponse(public_path(attempt.path), 303, HEADERS)
    set_cookie(request, response, secret, opened)
    return response


async def _record_refusal(database: Database, trouble: TokenNotValid) -> None:
    details = {"by": "openid", "reason": "answer_not_valid", "detail": str(trouble)}
    async with database.transaction() as session:
        await record(session, None, Action.SESSION_REFUSED, outcome="failure", details=details)
