"""Signing in and out, and the organisation."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.accounts.kept_secrets import make_again, make_secret
from app.accounts.schemas import OrganisationRead, OrganisationUpdate, SessionRead, SignIn, UserRead
from app.audit.actions import Action
from app.audit.record import Target, changed, record
from app.auth import repository, service
from app.auth.caller import COOKIE, Caller, caller_of, refuse_cross_site
from app.auth.dependencies import AdminDep, CallerDep, CallersDep, admit, count_wrong_key
from app.auth.errors import KeyNotValid
from app.auth.models import Organisation, User
from app.auth.permissions import Permission
from app.auth.secrets import secret_hash
from app.idempotency.dependencies import KeyedRequestDep
from app.idempotency.once import Once
from app.kit.declarations import RouteTag, raises, takes_query
from app.kit.dependencies import SessionDep, SigningKeyDep

_TAG = RouteTag("auth", "Sign in and out, and make and revoke keys.")
router = APIRouter(tags=[_TAG])
PURPOSE: Final = b"session"


def _set_cookie(request: Request, response: Response, secret: str) -> None:
    age = int(service.SESSION_LIFE.total_seconds())
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, secret, max_age=age, httponly=True, samesite="lax", secure=secure, path="/")


async def _read(session: SessionDep, caller: Caller) -> SessionRead:
    organisation = await repository.get_organisation(session, caller.organisation_id)
    return SessionRead(
        user=UserRead.of(await session.get_one(User, caller.user_id)),
        organisation=_organisation(organisation),
        permissions=[permission for permission in Permission if permission in caller.permissions],
        pipelines=None if caller.pipelines is None else sorted(caller.pipelines),
        version=version("tranche"),
    )


def _organisation(organisation: Organisation) -> OrganisationRead:
    days = organisation.batch_life.days if organisation.batch_life else None
    return OrganisationRead.of(organisation, batch_life_days=days)


@router.patch("/api/organisation")
async def update_organisation(body: OrganisationUpdate, session: SessionDep, caller: AdminDep) -> OrganisationRead:
    """Change how long the organisation's batches are kept, its time zone, how the names of its files are read, and who
    manages what members made."""
    organisation = await repository.get_organisation(session, caller.organisation_id)
    sent = body.model_fields_set
    before = _settings_of(organisation)
    if "batch_life_days" in sent:
        organisation.batch_life = None if body.batch_life_days is None else timedelta(days=body.batch_life_days)
    if "time_zone" in sent:
        organisation.time_zone = body.time_zone or "UTC"
    if "naming" in sent:
        organisation.naming = body.naming.model_dump() if body.naming else {}
    if "members_manage_all" in sent:
        organisation.members_manage_all = bool(body.members_manage_all)
    await session.flush()
    target = Target("organisation", organisation.id, organisation.name)
    details = changed(before, _settings_of(organisation))
    await record(session, caller, Action.ORGANISATION_UPDATED, target=target, details=details)
    return _organisation(organisation)


def _settings_of(organisation: Organisation) -> dict[str, Any]:
    """What the audit log tells of a change; of the words for names only that they changed."""
    words = hashlib.sha256(json.dumps(organisation.naming, sort_keys=True).encode()).hexdigest()[:16]
    life = organisation.batch_life
    return {"batch_life_days": life.days if life else None, "time_zone": organisation.time_zone, "naming": words}


@router.get("/sign-in", include_in_schema=False)
@takes_query("*")
async def follow_sign_in_link(
    session: SessionDep, request: Request, token: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The printed link: signs the browser in and goes on to the console, which says so when the link is too old."""
    found = await repository.find_user_by_session(session, secret_hash(token), "link")
    response = RedirectResponse("/", 303, {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
    if found:
        _set_cookie(request, response, await service.add_session(session, found[1].id, "browser"))
    return response


@router.post("/api/session", status_code=201)
@raises(KeyNotValid, refuse_cross_site, count_wrong_key, admit)
async def create_session(
    body: SignIn,
    session: SessionDep,
    request: Request,
    response: Response,
    signing_key: SigningKeyDep,
    keyed: KeyedRequestDep,
    callers: CallersDep,
) -> SessionRead:
    """Sign a browser in with a key: sets an HttpOnly cookie."""
    refuse_cross_site(request)
    credential = await callers.find_by_key(body.key)
    if credential is None:
        await count_wrong_key(request, signing_in=True)
        raise KeyNotValid("The key is unknown, expired or revoked.")
    caller = await admit(request, caller_of(request, credential))

    async def make() -> dict[str, Any]:
        secret, kept = make_secret(signing_key, PURPOSE)
        await service.add_session(session, caller.user_id, "browser", secret)
        read = await _read(session, caller)
        return {"read": read, **kept}

    kept = await Once(keyed, caller.organisation_id, response).run(session, [credential.id], make)
    _set_cookie(request, response, make_again(signing_key, PURPOSE, kept))
    return SessionRead.model_validate(kept["read"])


@router.get("/api/session")
async def get_session(session: SessionDep, caller: CallerDep) -> SessionRead:
    """Who is signed in."""
    return await _read(session, caller)


@router.delete("/api/session", status_code=204)
async def delete_session(session: SessionDep, caller: CallerDep, request: Request, response: Response) -> None:
    """Sign out."""
    await repository.delete_session(session, secret_hash(request.cookies.get(COOKIE, "")))
    response.delete_cookie(COOKIE, path="/")
