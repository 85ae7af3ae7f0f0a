"""Running a play for leads, whether its data is there, and data that clients bring themselves."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.auth.dependencies import ReaderDep, opens_pipeline
from app.batches.dependencies import SubmissionDep
from app.batches.schemas import BatchCreated, BatchOptions, Item
from app.batches.submitter import Submitter
from app.kit.declarations import raises, sends
from app.kit.dependencies import SealerDep, SessionDep
from app.kit.errors import MOST_TOLD
from app.kit.parts import beside_the_loop
from app.kit.secrets.edits import SecretWanted, check_secrets_stay, with_secrets_of
from app.kit.secrets.sealing import CannotUnseal, Sealer
from app.plays import lead_data, repository, service
from app.plays.data_types import BY_NUMBER, kinds_of, what_is_wrong
from app.plays.dependencies import WriterDep
from app.plays.errors import PlayNotRunnable, RequirementsNotValid
from app.plays.lead_data import lead_key, lead_record, normalise
from app.plays.models import PIPELINE_KEY
from app.plays.pipeline import missing_variables
from app.plays.schemas import LeadDataInput, LeadText, ReadinessRead, RequirementRead, RunCreate
from app.plays.slashed_routes import slashed_route

router = APIRouter(prefix="/api", tags=["plays"], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])


@slashed_route(router, "GET", "/plays/{play_id}/readiness")
@raises(service.get_play)
async def get_play_readiness(
    play_id: int, lead: Annotated[LeadText, Query()], session: SessionDep, caller: ReaderDep
) -> ReadinessRead:
    """Which of the required data batches are there for a lead, and how fresh they are."""
    await service.get_play(session, caller, play_id)
    kinds = kinds_of(await repository.list_requirements(session, play_id))
    known = await lead_data.list_known(session, caller.organisation_id, normalise(lead), kinds)
    required = []
    for kind in kinds:
        found = known.get(kind.number)
        required.append(
            RequirementRead(
                number=kind.number,
                name=kind.name,
                present=found is not None,
                fresh=found is not None and found.fresh,
                fetched_at=found.fetched_at if found else None,
                fresh_until=found.fresh_until if found else None,
            )
        )
    ready = all(requirement.fresh for requirement in required)
    return ReadinessRead(play_id=play_id, lead=normalise(lead), ready=ready, required=required)


@slashed_route(router, "POST", "/plays/{play_id}/runs", status_code=201)
@raises(service.get_play, PlayNotRunnable, SecretWanted, CannotUnseal, Submitter.submit_items)
@sends("Location")
async def create_play_run(play_id: int, body: RunCreate, submitter: SubmissionDep, sealer: SealerDep) -> BatchCreated:
    """Run the play: a batch with a job for each lead. Later changes of the play do not touch it."""
    async with submitter.database.transaction() as session:
        if known := await submitter.find_answer(session, body):  # before the play, which may be another by now
            return known
        play = await service.get_play(session, submitter.caller, play_id)
        numbers = await repository.list_requirements(session, play_id)
    if not (numbers or play.play_steps):
        raise PlayNotRunnable("The play requires no data and has no steps.")
    owner, fixed = submitter.caller.organisation_id, {"variables": play.variables, "play_steps": play.play_steps}
    own = await beside_the_loop([fixed, body.variables], partial(_own_params, sealer, owner, fixed, body.variables))
    params = {"play_id": play.id, "required_batches": numbers, "output_type": play.output_type, **own}
    options = BatchOptions(
        pipeline=PIPELINE_KEY,
        params=params,
        name=body.name or play.name,
        **body.model_dump(exclude={"leads", "variables", "name"}),
    )
    items = await asyncio.to_thread(_items_of, body)
    return await submitter.submit_items(options, items, body=body)


@raises(PlayNotRunnable, SecretWanted, CannotUnseal)
def _own_params(sealer: Sealer, owner: UUID, known: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The play's steps, and its variables with those of the run in their place, in clear."""
    known = sealer.seal_tree(known, owner)
    variables = known["variables"] | with_secrets_of(known["variables"], given)
    check_secrets_stay(known, known | {"variables": variables})
    if missing := missing_variables(known["play_steps"], variables):
        shown = missing[:MOST_TOLD]
        raise PlayNotRunnable(f"Nothing gives a value to {', '.join(shown)}.", variables=shown)
    return dict(sealer.unseal_tree({"play_steps": known["play_steps"], "variables": variables}, owner))


def _items_of(body: RunCreate) -> list[Item]:
    records = [lead_record(lead if isinstance(lead, str) else lead.model_dump()) for lead in body.leads]
    return [Item(record=record, name=(lead_key(record) or "lead")[:255]).packed() for record in records]


@slashed_route(router, "PUT", "/lead-data")
@raises(RequirementsNotValid)
async def replace_lead_data(body: LeadDataInput, session: SessionDep, caller: WriterDep) -> RequirementRead:
    """Keep data of a lead that the client fetched itself, as a browser extension does; it is fresh from now on."""
    if wrong := what_is_wrong([body.batch_number]):
        raise RequirementsNotValid(wrong)
    kind, lead = BY_NUMBER[body.batch_number], normalise(body.lead)
    fetched_at = await lead_data.keep(session, caller.organisation_id, lead, kind, body.data, "client")
    return RequirementRead(
        number=kind.number,
        name=kind.name,
        present=True,
        fresh=True,
        fetched_at=fetched_at,
        fresh_until=fetched_at + kind.fresh_for,
    )
