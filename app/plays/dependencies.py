"""What the routes of plays are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.auth.caller import Caller
from app.auth.dependencies import ManagerDep
from app.kit.container import provided
from app.kit.declarations import raises
from app.limits.rates import Rate


class PlayWrites(Rate):
    """How often each user may change plays and their data."""


PlayWritesDep = Annotated[PlayWrites, Depends(provided(PlayWrites))]


@raises(PlayWrites.check)
async def get_writer(request: Request, caller: ManagerDep, writes: PlayWritesDep) -> Caller:
    """The caller of a request that changes something, within the rate that is allowed to each user."""
    await writes.check(request.scope, str(caller.user_id))
    return caller


WriterDep = Annotated[Caller, Depends(get_writer)]
