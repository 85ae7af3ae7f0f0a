"""What the routes of results are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response

from app.auth.dependencies import CallerDep
from app.kit.container import provided
from app.kit.declarations import raises
from app.kit.dependencies import DatabaseDep, SessionDep
from app.results import service
from app.results.errors import ResultNotFound, TooManyGuesses
from app.results.owner_codes import OwnerCodes
from app.results.repository import Shared
from app.results.service import ResultCodes
from app.settings import Settings

SettingsDep = Annotated[Settings, Depends(provided(Settings))]


ResultCodesDep = Annotated[ResultCodes, Depends(provided(ResultCodes))]


def get_owner_codes(
    response: Response,
    session: SessionDep,
    caller: CallerDep,
    codes: ResultCodesDep,
    settings: SettingsDep,
) -> OwnerCodes:
    return OwnerCodes(response, session, caller, codes, settings.base_url)


CodesDep = Annotated[OwnerCodes, Depends(get_owner_codes)]


@raises(ResultNotFound, TooManyGuesses)
async def open_shared(code: str, request: Request, database: DatabaseDep) -> Shared:
    """What the code opens; raises ResultNotFound (404) and TooManyGuesses (429)."""
    return await service.open_code(database, code, request.client.host if request.client else None)


SharedDep = Annotated[Shared, Depends(open_shared)]
