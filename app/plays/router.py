"""Plays: `GET /api/plays/` with what each requires, and making, changing and removing them."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request, Response

from app.auth.dependencies import ReaderDep, opens_pipeline
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import DatabaseDep, PageDep, SealerDep, SessionDep
from app.kit.parts import beside_the_loop
from app.plays import json_lists, repository, service
from app.plays.data_types import DATA_BATCH_TYPES
from app.plays.dependencies import WriterDep
from app.plays.models import PIPELINE_KEY, Play
from app.plays.schemas import ChangePage, ChangeRead, DataBatchTypeRead, PlayCreate, PlayRead, PlayUpdate
from app.plays.slashed_routes import slashed_route

_TAG = RouteTag("plays", "Sales plays, the data they require, and runs for leads.")
router = APIRouter(prefix="/api", tags=[_TAG], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])


async def _read(session: SessionDep, play: Play) -> PlayRead:
    numbers = await repository.list_requirements(session, play.id)
    read = partial(PlayRead.of, play, required_batches=numbers)
    return await beside_the_loop([play.variables, play.play_steps], read)


@slashed_route(router, "GET", "/plays", response_model=list[PlayRead])
@sends("ETag")
async def list_plays(request: Request, database: DatabaseDep, caller: ReaderDep) -> Response:
    """Every play of the organisation, oldest first; `required_batches` is ascending, and empty where there are none."""
    return json_lists.json_reply(request, await json_lists.read_plays(database, caller.organisation_id))


@slashed_route(router, "POST", "/plays", status_code=201)
@raises(service.add_play)
@sends("Location")
async def create_play(
    body: PlayCreate, session: SessionDep, caller: WriterDep, sealer: SealerDep, once: OnceDep
) -> PlayRead:
    """A new play, owned by the caller."""

    async def make() -> PlayRead:
        return await _read(session, await service.add_play(session, caller, sealer, body))

    return await once.answer(session, body, make, PlayRead, location="/api/plays/{id}/")


@slashed_route(router, "GET", "/plays/{play_id}")
@raises(service.get_play)
async def get_play(play_id: int, session: SessionDep, caller: ReaderDep) -> PlayRead:
    """One play."""
    return await _read(session, await service.get_play(session, caller, play_id))


@slashed_route(router, "PATCH", "/plays/{play_id}")
@raises(service.update_play)
async def update_play(
    play_id: int, body: PlayUpdate, session: SessionDep, caller: WriterDep, sealer: SealerDep
) -> PlayRead:
    """Change a play; its owner and administrators may."""
    return await _read(session, await service.update_play(session, caller, sealer, play_id, body))


@slashed_route(router, "DELETE", "/plays/{play_id}", status_code=204)
@raises(service.delete_play)
async def delete_play(play_id: int, session: SessionDep, caller: WriterDep) -> None:
    """Remove a play with its requirements. Its runs stay."""
    await service.delete_play(session, caller, play_id)


@slashed_route(router, "GET", "/plays/{play_id}/changes")
@raises(service.get_play)
async def list_play_changes(play_id: int, session: SessionDep, caller: ReaderDep, page: PageDep) -> ChangePage:
    """Who changed what the play requires, and when, newest first."""
    await service.get_play(session, caller, play_id)
    found = await repository.list_changes(session, caller.organisation_id, play_id, page)
    return ChangePage(changes=[ChangeRead.of(row) for row in found.rows], next_cursor=found.next_cursor)


@slashed_route(router, "GET", "/data-batch-types")
async def list_data_batch_types(caller: ReaderDep) -> list[DataBatchTypeRead]:
    """The kinds of data that a play can require: the columns of the grid."""
    return [
        DataBatchTypeRead(
            number=kind.number, name=kind.name, title=kind.title, fresh_for_seconds=int(kind.fresh_for.total_seconds())
        )
        for kind in DATA_BATCH_TYPES
    ]
