"""What the routes of plays are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.auth.caller import Caller
from app.auth.dependencies import ManagerDep
from app.kit.container import provided
from app.kit.declarations import raises
from app.kit.errors import TooManyRequests
from app.kit.rate_limit import RateLimit


class PlayWrites(RateLimit):
    """How often each user may change plays and their data."""


PlayWritesDep = Annotated[PlayWrites, Depends(provided(PlayWrites))]


@raises(TooManyRequests)
def get_writer(caller: ManagerDep, writes: PlayWritesDep) -> Caller:
    """The caller of a request that changes something, within the rate that is allowed to each user."""
    writes.check(caller.user_id)
    return caller


WriterDep = Annotated[Caller, Depends(get_writer)]
