"""Signing in and out, and the organisation."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.accounts.cookies import end_session, forget_cookie, set_cookie
from app.accounts.dependencies import AuthSettingsDep
from app.accounts.kept_secrets import make_again, make_secret
from app.accounts.openid import openid_repository
from app.accounts.openid.router import SIGN_OUT
from app.accounts.schemas import OrganisationRead, OrganisationUpdate, SessionRead, SignIn, UserRead
from app.audit.actions import Action
from app.audit.record import Target, changed, record
from app.auth import repository, sessions
from app.auth.caller import Caller, Callers, caller_of, refuse_cross_site
from app.auth.dependencies import AdminDep, CallerDep, CallersDep, admit, count_wrong_key
from app.auth.errors import KeyNotValid
from app.auth.models import ApiKey, Organisation, Session, User
from app.auth.permissions import Permission
from app.idempotency.dependencies import KeyedRequestDep
from app.idempotency.errors import IdempotencyKeyReused
from app.idempotency.once import Once
from app.kit.declarations import RouteTag, raises
from app.kit.dependencies import SessionDep, SigningKeyDep
from app.kit.web.public_address import public_path

_TAG = RouteTag("auth", "Sign in and out, and make and revoke keys.")
router = APIRouter(tags=[_TAG])
PURPOSE: Final = b"session"


async def _read(session: SessionDep, caller: Caller) -> SessionRead:
    organisation = await repository.get_organisation(session, caller.organisation_id)
    by_provider = await openid_repository.is_by_provider(session, caller.credential_id)
    return SessionRead(
        user=UserRead.of(await session.get_one(User, caller.user_id)),
        organisation=_organisation(organisation),
        permissions=[permission for permission in Permission if permission in caller.permissions],
        pipelines=None if caller.pipelines is None else sorted(caller.pipelines),
        sign_out_path=public_path(SIGN_OUT) if by_provider else None,
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


@router.post("/api/session", status_code=201)
@raises(KeyNotValid, Callers.find_by_key, refuse_cross_site, count_wrong_key, admit)
async def create_session(
    body: SignIn,
    session: SessionDep,
    request: Request,
    response: Response,
    signing_key: SigningKeyDep,
    settings: AuthSettingsDep,
    keyed: KeyedRequestDep,
    callers: CallersDep,
) -> SessionRead:
    """Sign a browser in with a key: sets an HttpOnly cookie. The session has the key's rights and ends with it."""
    refuse_cross_site(request)
    credential = await callers.find_by_key(body.key)
    if credential is None:
        await count_wrong_key(request, signing_in=True)
        raise KeyNotValid("The key is unknown, expired or revoked.")
    caller = await admit(request, caller_of(request, credential))

    async def make() -> dict[str, Any]:
        key = await session.get_one(ApiKey, caller.key_id)
        secret, kept = make_secret(signing_key, PURPOSE)
        await end_session(session, request)
        opened, _ = await sessions.open_session(session, credential.user, settings, key=key, secret=secret)
        target = Target("session", opened.id, opened.device)
        details = {"by": "key", "key_id": key.id, "key_name": key.name}
        await record(session, caller, Action.SESSION_CREATED, target=target, details=details)
        return {"session_id": opened.id, "read": await _read(session, caller), **kept}

    kept = await Once(keyed, caller.organisation_id, response).run(session, [credential.id], make)
    opened = await session.get(Session, UUID(kept["session_id"]))
    if opened is None:
        raise IdempotencyKeyReused("The session of that request has ended: use another Idempotency-Key.")
    response.headers["Cache-Control"] = "no-store"
    set_cookie(request, response, make_again(signing_key, PURPOSE, kept), opened)
    return SessionRead.model_validate(kept["read"])


@router.get("/api/session")
async def get_session(session: SessionDep, caller: CallerDep) -> SessionRead:
    """Who is signed in."""
    return await _read(session, caller)


@router.delete("/api/session", status_code=204)
async def delete_session(session: SessionDep, caller: CallerDep, request: Request, response: Response) -> None:
    """Sign this browser out."""
    if ended := await end_session(session, request):
        await record(session, caller, Action.SESSION_ENDED, target=Target("session", ended, caller.user_name))
    forget_cookie(request, response)
