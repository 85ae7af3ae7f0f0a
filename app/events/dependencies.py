"""What the routes of streams are given."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Security

from app.auth.caller import Caller, caller_of
from app.auth.dependencies import KEY_SCHEME, SESSION_SCHEME, CallersDep, admit, count_wrong_key, find_caller, require
from app.auth.errors import PermissionMissing
from app.auth.permissions import Permission
from app.events.errors import TicketNotValid
from app.events.hub import Hub
from app.events.tickets import redeem_ticket
from app.kit.container import provided
from app.kit.declarations import needs, raises
from app.kit.dependencies import DatabaseDep, SigningKeyDep

HubDep = Annotated[Hub, Depends(provided(Hub))]


@needs(Permission.READ)
@raises(find_caller, redeem_ticket, PermissionMissing)
async def get_follower(
    batch_id: UUID,
    request: Request,
    callers: CallersDep,
    database: DatabaseDep,
    signing_key: SigningKeyDep,
    _key: Annotated[object, Security(KEY_SCHEME)],
    _session: Annotated[object, Security(SESSION_SCHEME)],
    ticket: Annotated[str | None, Query(max_length=200, description="Instead of a key, for pages elsewhere.")] = None,
) -> Caller:
    """Who follows: by key, else by ticket, else by cookie."""
    if ticket is None or "authorization" in request.headers:
        return require(await find_caller(request, callers), Permission.READ)
    try:
        async with database.transaction() as session:
            credential = await redeem_ticket(session, signing_key, ticket, batch_id)
    except TicketNotValid:
        await count_wrong_key(request)
        raise
    return require(await admit(request, caller_of(request, credential)), Permission.READ)


FollowerDep = Annotated[Caller, Depends(get_follower)]
