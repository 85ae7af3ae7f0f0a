"""`/api/play-batch-mappings/`: which data batches each play requires, as bare lists of ids and numbers."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from app.auth.dependencies import ReaderDep, opens_pipeline
from app.kit.declarations import raises, sends
from app.kit.dependencies import DatabaseDep, SessionDep
from app.plays import json_lists, service
from app.plays.dependencies import WriterDep
from app.plays.models import PIPELINE_KEY
from app.plays.schemas import MappingInput, MappingsWritten, MappingWritten, PlayMapping
from app.plays.slashed_routes import slashed_route

router = APIRouter(prefix="/api", tags=["plays"], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])


@slashed_route(router, "GET", "/play-batch-mappings", response_model=list[PlayMapping])
@sends("ETag")
async def list_play_batch_mappings(request: Request, database: DatabaseDep, caller: ReaderDep) -> Response:
    """Every play that requires a data batch, with the numbers of those it requires, ascending."""
    return json_lists.json_reply(request, await json_lists.read_mappings(database, caller.organisation_id))


@slashed_route(router, "POST", "/play-batch-mappings")
@raises(service.replace_mapping)
async def replace_play_batch_mapping(body: MappingInput, session: SessionDep, caller: WriterDep) -> MappingWritten:
    """Create or replace what a play requires, in one transaction: a number that is not valid changes nothing.

    Repeating it changes nothing more, so it needs no Idempotency-Key. An empty list clears the play.
    """
    numbers = await service.replace_mapping(session, caller, body.play_id, body.required_batches)
    return MappingWritten(play_id=body.play_id, required_batches=numbers)


@slashed_route(router, "PUT", "/play-batch-mappings")
@raises(service.replace_mappings)
async def replace_play_batch_mappings(
    body: list[MappingInput], session: SessionDep, caller: WriterDep
) -> MappingsWritten:
    """Replace what several plays require at once; plays that are not named keep theirs."""
    written = await service.replace_mappings(session, caller, body)
    return MappingsWritten(mappings=[PlayMapping(play_id=key, required_batches=numbers) for key, numbers in written])


@slashed_route(router, "DELETE", "/play-batch-mappings/{play_id}")
@raises(service.replace_mapping)
async def clear_play_batch_mapping(play_id: int, session: SessionDep, caller: WriterDep) -> MappingWritten:
    """Remove everything that a play requires."""
    return MappingWritten(play_id=play_id, required_batches=await service.replace_mapping(session, caller, play_id, []))
