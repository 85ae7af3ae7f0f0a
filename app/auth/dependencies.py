"""Who calls: every /api route asks for a Caller."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.auth.caller import COOKIE, Caller, Callers, caller_of, refuse_cross_site
from app.auth.errors import AdminOnly, KeyNotValid, NotSignedIn
from app.kit.container import provided

CallersDep = Annotated[Callers, Depends(provided(Callers))]


async def get_caller(request: Request, callers: CallersDep) -> Caller:
    """The caller; raises NotSignedIn or KeyNotValid (401).

    The look-up is over before the route runs: streams and uploads must not hold a connection.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(COOKIE)
    if scheme:
        found = await callers.find_by_key(key.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise KeyNotValid("The key is unknown, expired or revoked.", headers=headers)
    elif cookie:
        refuse_cross_site(request)
        found = await callers.find_by_session(cookie)
        if found is None:
            raise NotSignedIn("The session has ended. Sign in again.", headers={"WWW-Authenticate": "Bearer"})
    else:
        detail = "Send a key as 'Authorization: Bearer ...', or sign in."
        raise NotSignedIn(detail, headers={"WWW-Authenticate": "Bearer"})
    return caller_of(request, *found)


CallerDep = Annotated[Caller, Depends(get_caller)]


def get_admin(caller: CallerDep) -> Caller:
    """The caller, if an administrator; raises AdminOnly (403)."""
    if caller.role != "admin":
        raise AdminOnly("Only an administrator of the organisation may do this.")
    return caller


AdminDep = Annotated[Caller, Depends(get_admin)]
