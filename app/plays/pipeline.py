"""The pipeline `play`: for each lead the required data batches in order, then the play's own steps."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from app.connections.service import Connections
from app.kit.placeholders import PlaceholderUnknown, fill, placeholders_in
from app.pipelines.contract import Need, Params, Pipeline, Step, StepContext, Stop
from app.plays import lead_data
from app.plays.data_types import BY_NAME, DataBatchType, kinds_of
from app.plays.http_json import call_json
from app.plays.lead_data import lead_key
from app.plays.models import PIPELINE_KEY
from app.plays.providers import Provider, connection_of, find_provider
from app.plays.schemas import PlaySteps

DATA_TIMEOUT: Final = 60.0
LOOK_AGAIN_SECONDS: Final = 0.25
GIVEN: Final = frozenset({"lead", "data", "steps"})
"""First parts of placeholders that are not variables."""
RunStep = Callable[[StepContext], Coroutine[Any, Any, "dict[str, Any] | Stop"]]


class PlayParams(Params):
    """A play as it was when its run was made."""

    play_id: int
    required_batches: list[int] = Field(default_factory=list, max_length=5)
    play_steps: PlaySteps = Field(default_factory=list)
    variables: dict[str, Any] = Field(default_factory=dict)
    output_type: str = "final"


def missing_variables(play_steps: Sequence[Any], variables: Mapping[str, Any]) -> list[str]:
    """Placeholders of the steps that nothing gives a value to."""
    known = GIVEN | set(variables)
    return sorted({path for path in placeholders_in(list(play_steps)) if path.split(".")[0] not in known})


def step_names(play_steps: Sequence[Any]) -> list[str]:
    """A stage's name for each step: its own, as lower-case words, or its number; each once."""
    taken, names = {*BY_NAME, "queued", "done"}, []
    for place, step in enumerate(play_steps, 1):
        own = step.get("name") if isinstance(step, Mapping) else None
        word = re.sub(r"\W+", "_", str(own or f"step_{place}").lower()).strip("_")[:60] or f"step_{place}"
        name, number = word, 2
        while name in taken:
            name, number = f"{word}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


def play_pipeline() -> Pipeline:
    """The pipeline; data comes from the providers of the batch's organisation."""
    pipeline = Pipeline(
        PIPELINE_KEY,
        title="Sales play",
        label="Play",
        description="Runs a play for leads: fetches the data it requires, then fills in its steps.",
        params=PlayParams,
        accepts=("record",),
        max_parallel=8,
    )

    @pipeline.plan
    def steps_of(params: PlayParams) -> list[Step]:
        kinds = kinds_of(number for number in set(params.required_batches))
        data = [Step(kind.name, _fetcher(kind), timeout=DATA_TIMEOUT) for kind in kinds]
        names = step_names(params.play_steps)
        own = [
            Step(name, _runner(name, step, names[:place], last=place == len(names) - 1), timeout=DATA_TIMEOUT)
            for place, (name, step) in enumerate(zip(names, params.play_steps, strict=True))
        ]
        return data + own

    pipeline.needs(missing_providers)
    return pipeline


async def missing_providers(need: Need) -> set[str]:
    """The services that are to be asked for data: those of kinds whose data is not there for every lead."""
    kinds = kinds_of(set(need.params.required_batches))
    leads = await asyncio.to_thread(_leads_of, need.records)
    missing = {kind for kind in kinds if connection_of(kind, need.available)}
    if not leads or not missing:
        return set()
    stale = await lead_data.list_stale(need.session, need.organisation_id, leads, missing)
    return {service for kind in stale if (service := connection_of(kind, need.available))}


def _leads_of(records: Sequence[Mapping[str, Any]]) -> set[str]:
    """Long records are read when they are looked into, so this blocks."""
    return {key for record in records if (key := lead_key(record))}


def _fetcher(kind: DataBatchType) -> RunStep:
    async def fetch(ctx: StepContext) -> dict[str, Any] | Stop:
        lead = lead_key(ctx.job.record or {})
        if lead is None:
            return Stop("LEAD_NOT_IDENTIFIED", "The record names no lead.")
        provider = await find_provider(ctx.resource(Connections), ctx.batch.organisation_id, kind)
        while True:
            async with ctx.transaction() as session:
                known = await lead_data.list_known(session, ctx.batch.organisation_id, lead, [kind])
                found = known.get(kind.number)
                if found and found.fresh:
                    return _output(kind, found.data, found.source, found.fetched_at.isoformat(), cached=True)
                if provider is None:
                    return Stop("PROVIDER_NOT_CONFIGURED", f"The organisation has no account for {kind.title}.")
                mine = await lead_data.claim_fetch(session, ctx.batch.organisation_id, lead, kind)
            if mine:
                return await _fetch(ctx, kind, provider, lead)
            with ctx.waiting("another job that fetches the same data"):  # perhaps on another machine
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    return fetch


async def _fetch(ctx: StepContext, kind: DataBatchType, provider: Provider, lead: str) -> dict[str, Any]:
    organisation_id = ctx.batch.organisation_id
    try:
        data = await provider.fetch(ctx.http, kind, ctx.job.record or {})
    except BaseException:
        async with ctx.transaction() as session:
            await lead_data.give_up_fetch(session, organisation_id, lead, kind)
        raise
    async with ctx.transaction() as session:
        fetched_at = await lead_data.keep(session, organisation_id, lead, kind, data, provider.name)
    return _output(kind, data, provider.name, fetched_at.isoformat(), cached=False)


def _output(kind: DataBatchType, data: Any, source: str | None, fetched_at: str, *, cached: bool) -> dict[str, Any]:
    return {"number": kind.number, "data": data, "source": source, "fetched_at": fetched_at, "cached": cached}


def _runner(name: str, step: Any, earlier: Sequence[str], *, last: bool) -> RunStep:
    async def run(ctx: StepContext) -> dict[str, Any] | Stop:
        data = {key: output["data"] for key, output in ctx.outputs.items() if key in BY_NAME}
        steps = {key: ctx.outputs[key]["output"] for key in earlier if key in ctx.outputs}
        values = {**ctx.params.variables, "lead": ctx.job.record or {}, "data": data, "steps": steps}
        try:
            filled = fill(step, values)
        except PlaceholderUnknown as error:
            return Stop("VALUE_MISSING", f"{name} names {error.path}, which has no value for this lead.")
        output = await _call(ctx, filled["request"]) if _is_request(filled) else filled
        reply = {"output": output}
        if last and ctx.params.output_type == "all":
            reply |= {"data": data, "steps": steps | {name: output}}
        elif last and ctx.params.output_type == "data":
            reply |= {"data": data}
        return reply

    return run


def _is_request(step: Any) -> bool:
    return isinstance(step, Mapping) and isinstance(step.get("request"), Mapping) and "url" in step["request"]


async def _call(ctx: StepContext, request: Mapping[str, Any]) -> Any:
    """Send what a step describes, with the step's own key, so that the other side can tell a repeat."""
    given = request.get("headers")
    headers = {str(name): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
    method = str(request.get("method", "POST")).upper()
    return await call_json(
        ctx.http, method, str(request["url"]), headers={"Idempotency-Key": ctx.key, **headers}, body=request.get("body")
    )
