"""Who calls, and what that caller may: every /api route asks for exactly one permission, or is public."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import HTTPConnection

from app.auth.admission import Admission
from app.auth.caller import COOKIE, Caller, Callers, caller_of, refuse_cross_site, session_secret
from app.auth.errors import (
    AdminOnly,
    KeyNotValid,
    NotSignedIn,
    PermissionMissing,
    PipelineNotPermitted,
    TooManyWrongKeys,
)
from app.auth.permissions import Permission
from app.kit.container import container_of, provided
from app.kit.declarations import needs, raises, sends
from app.kit.errors import DatabaseUnavailable
from app.kit.web.request_context import current_request

CallersDep = Annotated[Callers, Depends(provided(Callers))]


class _Key(HTTPBearer):
    async def __call__(self, request: HTTPConnection) -> None: ...


class _Session(APIKeyCookie):
    async def __call__(self, request: HTTPConnection) -> None: ...


KEY_SCHEME = _Key(scheme_name="key", description="A key, as `tranche keys create` makes them.", auto_error=False)
SESSION_SCHEME = _Session(
    name=COOKIE,
    scheme_name="session",
    description="The cookie of a browser that is signed in; over https its name begins with `__Host-` or `__Secure-`.",
    auto_error=False,
)
"""For the documentation; `find_caller` reads the request itself, because a scheme that is none of ours is refused."""


@raises(TooManyWrongKeys)
async def count_wrong_key(request: Request, *, signing_in: bool = False) -> None:
    """Count a key, session or ticket that is not valid; raises TooManyWrongKeys (429). No transaction may be open."""
    if seconds := await container_of(request).get(Admission).count_wrong_key(request, signing_in=signing_in):
        raise TooManyWrongKeys(seconds)


@raises(Admission.admit)
async def admit(request: Request, caller: Caller) -> Caller:
    """The caller, whose request is counted."""
    await container_of(request).get(Admission).admit(request, caller)
    return caller


@raises(NotSignedIn, KeyNotValid, Callers.find_by_key, refuse_cross_site, DatabaseUnavailable, count_wrong_key, admit)
async def find_caller(request: Request, callers: Callers) -> Caller:
    """The caller; raises NotSignedIn or KeyNotValid (401), CrossSiteRequest (403).

    The look-up is over before the route runs: streams and uploads must not hold a connection. It is made once: who
    sends a large body is looked up before that is read.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        known = request.state.caller = await _look_up(request, callers)
    return known


async def _look_up(request: Request, callers: Callers) -> Caller:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    cookie = session_secret(request)
    if scheme:
        found = await callers.find_by_key(key.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            await count_wrong_key(request)
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise KeyNotValid("The key is unknown, expired or revoked.", headers=headers)
    elif cookie:
        refuse_cross_site(request)
        found = await callers.find_by_session(cookie)
        if found is None:
            await count_wrong_key(request)
            raise NotSignedIn("The session has ended. Sign in again.", headers={"WWW-Authenticate": "Bearer"})
    else:
        detail = "Send a key as 'Authorization: Bearer ...', or sign in."
        raise NotSignedIn(detail, headers={"WWW-Authenticate": "Bearer"})
    caller = caller_of(request, found)
    if context := current_request():
        context.note_caller(caller.organisation_id, caller.user_id, caller.credential_id)
    return await admit(request, caller)


@raises(find_caller)
@sends("RateLimit", "RateLimit-Policy")
async def get_caller(
    request: Request,
    callers: CallersDep,
    _key: Annotated[object, Security(KEY_SCHEME)],
    _session: Annotated[object, Security(SESSION_SCHEME)],
) -> Caller:
    """Who calls, by key, else by cookie; see `find_caller`."""
    return await find_caller(request, callers)


CallerDep = Annotated[Caller, Depends(get_caller)]
"""For what routes are given; the route itself asks for one of the five below."""


def require(caller: Caller, permission: Permission) -> Caller:
    """The caller, who has the permission; raises PermissionMissing, or AdminOnly for `admin` (403)."""
    if permission not in caller.permissions:
        raise AdminOnly() if permission is Permission.ADMIN else PermissionMissing(permission)
    return caller


def _asks_for(permission: Permission, problem: type[PermissionMissing]) -> Callable[[Caller], Awaitable[Caller]]:
    @needs(permission)
    @raises(problem)
    async def get_permitted(caller: CallerDep) -> Caller:
        return require(caller, permission)

    return get_permitted


def opens_pipeline(key: str) -> Callable[[Caller], Awaitable[None]]:
    """For routes that are about one pipeline: refuses keys that are limited to others."""

    @raises(PipelineNotPermitted)
    async def check_pipeline(caller: CallerDep) -> None:
        if not caller.opens([key]):
            raise PipelineNotPermitted(f"This key is limited to pipelines, and {key} is none of them.")

    return check_pipeline


@raises(PipelineNotPermitted)
async def opens_everything(caller: CallerDep) -> None:
    """For routes about what all pipelines share: refuses keys that are limited to some."""
    if caller.pipelines is not None:
        raise PipelineNotPermitted("This key is limited to pipelines; this needs one that is not.")


get_reader = _asks_for(Permission.READ, PermissionMissing)
get_submitter = _asks_for(Permission.SUBMIT, PermissionMissing)
get_manager = _asks_for(Permission.MANAGE, PermissionMissing)
get_admin = _asks_for(Permission.ADMIN, AdminOnly)
get_operator = _asks_for(Permission.OPERATE, PermissionMissing)
ReaderDep = Annotated[Caller, Depends(get_reader)]
SubmitterDep = Annotated[Caller, Depends(get_submitter)]
ManagerDep = Annotated[Caller, Depends(get_manager)]
AdminDep = Annotated[Caller, Depends(get_admin)]
OperatorDep = Annotated[Caller, Depends(get_operator)]
"""Stands first among the parameters of a route, so that nothing is looked up for whoever may not ask."""
