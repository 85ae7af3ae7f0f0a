"""What the routes of results are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response

from app.audit.actions import Action
from app.audit.tallies import Tallies
from app.auth.dependencies import CallerDep
from app.kit.container import container_of, provided
from app.kit.declarations import raises
from app.kit.dependencies import DatabaseDep, SessionDep
from app.limits.dependencies import GuessesDep, RatesDep
from app.limits.rates import Rate
from app.results import service
from app.results.errors import ResultNotFound, TooManyGuesses
from app.results.owner_codes import OwnerCodes
from app.results.repository import Shared
from app.results.service import ResultCodes
from app.settings import Settings

SettingsDep = Annotated[Settings, Depends(provided(Settings))]


ResultCodesDep = Annotated[ResultCodes, Depends(provided(ResultCodes))]


async def get_owner_codes(
    response: Response,
    session: SessionDep,
    caller: CallerDep,
    codes: ResultCodesDep,
    settings: SettingsDep,
) -> OwnerCodes:
    return OwnerCodes(response, session, caller, codes, settings.base_url)


CodesDep = Annotated[OwnerCodes, Depends(get_owner_codes)]


@raises(ResultNotFound, TooManyGuesses, Rate.check)
async def open_shared(
    code: str, request: Request, database: DatabaseDep, rates: RatesDep, guesses: GuessesDep
) -> Shared:
    """What the code opens; raises ResultNotFound (404), and TooManyGuesses and TooManyRequests (429).

    A right code is never held up by wrong ones: it is looked up first, and only what is wrong is counted.
    """
    shared = await service.open_code(database, code)
    if shared is None:
        if seconds := await guesses.count_code(request):
            raise TooManyGuesses(seconds)
        raise ResultNotFound
    await rates.key.check(request.scope, f"code {shared.link.id}")
    tallies, link = container_of(request).get(Tallies), shared.link
    tallies.note(Action.RESULT_CODE_OPENED, target=service.target_of(link), organisation_id=link.organisation_id)
    return shared


SharedDep = Annotated[Shared, Depends(open_shared)]
