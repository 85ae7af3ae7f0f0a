"""Turning a submission into rows: a batch, its jobs, their steps and the first event, in one transaction."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.auth.errors import PipelineNotPermitted
from app.auth.repository import read_organisation
from app.batches import bulk_repository, log, quotas, repository
from app.batches.desk import Desk
from app.batches.desk import Notifier as Notifier
from app.batches.directory_names import claim_name, make_namer
from app.batches.errors import BatchEmpty, BatchTooLarge, ExternalIdsRepeated, ParamsNotValid, SourceNotAccepted
from app.batches.extensions import EXTENSIONS
from app.batches.models import Batch
from app.batches.naming import directory_of_name, name_of_source
from app.batches.plans import make_plans
from app.batches.schemas import BatchCreated, BatchOptions, links_of
from app.kit.declarations import raises
from app.kit.errors import problems_of
from app.kit.ids import new_id
from app.kit.json_pieces import PackedObject
from app.kit.json_writing import dump_json
from app.kit.parts import beside_the_loop
from app.kit.tracing import traceparent
from app.kit.web.public_address import public_path
from app.kit.words import quantity
from app.pipelines.contract import Params, Pipeline, PipelineNotWellFormed, Source, Step
from app.pipelines.errors import PipelineUnknown
from app.pipelines.registry import Registry

FEW: Final = 100
"""Jobs that are written as soon as it is asked twice whether there may be a batch of them."""
JOBS_AT_ONCE: Final = 1000
"""Jobs of one statement: their encoding keeps the event loop for 3 ms, that of ten thousand for 28."""


class NewJob(NamedTuple):
    """One thing to process. For a file: its id, size, type and SHA-256.

    `pipeline`: the key of one of the batch's pipelines that it goes through alone, instead of through each of them.
    """

    source_type: Source
    name: str | None
    source_url: str | None = None
    record: Mapping[str, Any] | None = None
    file_id: UUID | None = None
    file_size: int | None = None
    media_type: str | None = None
    checksum: str | None = None
    pipeline: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A pipeline of the batch with its checked parameters."""

    pipeline: Pipeline
    params: Params
    settings: dict[str, Any]
    steps: Sequence[Step]


class Assignment(NamedTuple):
    """A job to be: the number of its file, URL or record, what that is, and what is done with it."""

    item: int
    job: NewJob
    task: Task


def params_of(batch: Batch, key: str) -> dict[str, Any]:
    """The parameters of one of a batch's pipelines, as they are kept: those of several are kept by key."""
    return batch.settings if batch.total_pipelines == 1 else batch.settings.get(key, {})


def check_params(pipeline: Pipeline, params: Mapping[str, Any], *, where: Sequence[str] = ("params",)) -> Params:
    """The parameters with defaults filled in; raises ParamsNotValid (422) naming each bad one."""
    try:
        return pipeline.params.model_validate(dict(params))
    except ValidationError as error:
        found = problems_of(error.errors(), ["body", *where])
        place, said = ".".join(map(str, found[0]["loc"][2:])), found[0]["msg"]
        raise ParamsNotValid(f"{place}: {said}" if place else said, errors=found) from None


@raises(PipelineNotPermitted)
def check_opened(caller: Caller, pipelines: Collection[str]) -> None:
    """Refuse a key that is limited to pipelines and would make a batch of others, now or when this one has ended."""
    if not caller.opens(pipelines):
        opened, others = sorted(caller.pipelines or ()), sorted(set(pipelines) - (caller.pipelines or set()))
        limit = f"This key is limited to batches of these pipelines: {', '.join(opened) or 'none'}"
        raise PipelineNotPermitted(f"{limit}. This needs {' and '.join(others)} as well.")


@raises(PipelineUnknown, ParamsNotValid, check_opened)
def check_tasks(registry: Registry, options: BatchOptions, caller: Caller) -> list[Task]:
    """The batch's pipelines, the primary one first; raises PipelineUnknown or ParamsNotValid (422).

    Raises PipelineNotPermitted (403) when the caller's key is limited to others.
    With several pipelines, `params` holds the parameters of each under its key.
    """
    pipelines = list(dict.fromkeys(registry.get(name) for name in options.pipeline_names))
    check_opened(caller, {pipeline.key for pipeline in pipelines} | EXTENSIONS.pipelines(options.model_extra or {}))
    several = len(pipelines) > 1
    if several and (strange := set(options.params) - {pipeline.key for pipeline in pipelines}):
        raise ParamsNotValid(f"{min(strange)}: with several pipelines, give each its params under its key")
    tasks = []
    for pipeline in pipelines:
        own = options.params.get(pipeline.key, {}) if several else options.params
        if not isinstance(own, Mapping):
            raise ParamsNotValid(f"{pipeline.key}: the params of a pipeline are an object")
        params = check_params(pipeline, own, where=("params", pipeline.key) if several else ("params",))
        try:
            steps = pipeline.steps_for(params)
        except PipelineNotWellFormed as error:
            raise ParamsNotValid(str(error)) from None
        tasks.append(Task(pipeline, params, params.model_dump(mode="json"), steps))
    return tasks


@raises(BatchTooLarge)
def check_count(count: int, most: int) -> None:
    """Refuse a batch that is too large."""
    if count > most:
        raise BatchTooLarge(f"A batch may have at most {quantity(most, 'job')}; this one has {count:,}.")


@raises(BatchEmpty, BatchTooLarge, SourceNotAccepted, ExternalIdsRepeated)
def assign(
    tasks: Sequence[Task], jobs: Sequence[NewJob], most: int, *, may_be_empty: bool, before: int = 0
) -> list[Assignment]:
    """Each job with each pipeline that it goes through, in order. `before`: the items that the batch has already.

    Refuses an empty batch, one of more than `most` files, URLs or records, sources that a pipeline does not take, and
    an external id that comes twice.
    """
    if not jobs and not may_be_empty:
        raise BatchEmpty("The batch has no files, URLs or records.")
    check_count(before + len(jobs), most)
    counted = Counter(job.external_id for job in jobs if job.external_id is not None)
    if repeated := [external_id for external_id, count in counted.items() if count > 1]:
        what = quantity(len(repeated), "external id comes", "external ids come")
        raise ExternalIdsRepeated(f"{what} more than once.", external_ids=repeated[:20])
    assigned = [
        Assignment(item, job, task)
        for item, job in enumerate(jobs, before + 1)
        for task in tasks
        if job.pipeline in (None, task.pipeline.key)
    ]
    for _, job, task in assigned:
        if job.source_type not in task.pipeline.accepts:
            accepted = " or ".join(task.pipeline.accepts)
            raise SourceNotAccepted(f"The pipeline {task.pipeline.key} takes a {accepted}, not a {job.source_type}.")
    return assigned


@raises(Desk.check_needs)
async def check_needs(
    session: AsyncSession,
    desk: Desk,
    organisation_id: UUID,
    options: BatchOptions,
    tasks: Sequence[Task],
    jobs: Sequence[NewJob] = (),
) -> None:
    """Raise ConnectionMissing (422) when the organisation has no account for a service that the batch would use."""
    records = [job.record for job in jobs if job.record is not None]
    also, mail = EXTENSIONS.services(options.model_extra or {}), options.notification_email is not None
    pairs = [(task.pipeline, task.params) for task in tasks]
    await desk.check_needs(session, organisation_id, pairs, records, also=also, mail=mail)


@raises(check_tasks, assign, check_needs, quotas.count_new)
async def submit(
    session: AsyncSession,
    caller: Caller,
    desk: Desk,
    options: BatchOptions,
    jobs: Sequence[NewJob],
    *,
    max_jobs: int,
    single: bool = False,
    relation: str | None = None,
) -> BatchCreated:
    """Write the batch and notify the runner. `single`: one job submitted by itself, named after it."""
    registry = desk.registry
    tasks = check_tasks(registry, options, caller)
    assigned = assign(tasks, jobs, max_jobs, may_be_empty=may_be_empty(options))
    if options.start:  # a draft may be written before there is an account
        await check_needs(session, desk, caller.organisation_id, options, tasks, jobs)
    is_counted = relation != "hand_over"  # that is the service's own work
    in_flight = len(assigned) if options.start else 0
    if is_counted and len(assigned) > FEW:
        await quotas.check_before(session, caller.organisation_id, in_flight)
    pipeline = tasks[0].pipeline
    names = [name_of_source(job.name, job.source_url) for job in jobs]
    now = datetime.now(UTC)
    organisation = await read_organisation(session, caller.organisation_id)
    wanted = timedelta(hours=options.expires_in_hours) if options.expires_in_hours else pipeline.expires_after
    life = wanted or organisation.batch_life
    namer = await make_namer(session, pipeline, organisation, names)
    found, described = await namer.read(names, [job.source_type for job in jobs], options.description)
    prefix, mixed = (options.customer_prefix, False) if options.customer_prefix else found
    directory = namer.directory_of(prefix, described, now)
    base_name = await claim_name(
        session, caller.organisation_id, directory_of_name(options.name) if options.name else directory
    )
    single_name = f"Single: {jobs[0].name or jobs[0].source_url or 'record'}"[:255] if single and jobs else None
    sealed = {}
    for task in tasks:
        seal = partial(desk.seal, task.pipeline, task.settings, caller.organisation_id)
        sealed[task.pipeline.key] = await beside_the_loop(task.settings, seal)
    settings = sealed[pipeline.key] if len(tasks) == 1 else sealed
    batch_id, status = new_id(), "pending" if options.start else "draft"
    parallel = options.max_parallel or pipeline.max_parallel
    values = {
        "id": batch_id,
        "organisation_id": caller.organisation_id,
        "created_by": caller.user_id,
        "client_ip": caller.client_ip,
        "pipeline_id": registry.id_of(pipeline),
        "name": options.name or single_name or base_name,
        "name_given": options.name is not None,
        "description": options.description,
        "customer_prefix": prefix,
        "mixed_customers": mixed,
        "base_directory_name": base_name,
        "execution_mode": options.execution_mode or pipeline.mode,
        "max_parallel": parallel,
        "failure_policy": _failure_policy(pipeline, options),
        "jobs_at_base": len(assigned),
        "first_n": options.first_n,
        "status": status,
        "queued_at": now if options.start else None,
        "total_pipelines": len(tasks),
        "total_files": len(jobs),
        "total_jobs": len(assigned),
        "pending_jobs": len(assigned),
        "total_size": sum(job.file_size or 0 for job in jobs),
        "result_codes": (
            any(task.pipeline.result_codes for task in tasks) if options.result_codes is None else options.result_codes
        ),
        # Who closes a batch that needs a summary looks whether it is sealed; others end with their last job.
        "needs_summary": options.sealed is False or any(task.pipeline.batch_end_hook for task in tasks),
        "sealed": options.sealed,
        "settings": settings,
        "plans": make_plans((task.pipeline, task.steps) for task in tasks),
        "metadata": dict(options.metadata),
        "notification_email": options.notification_email,
        "relation": relation,
        "expires_at": now + life if life else None,
        "trace_context": traceparent(),
    }
    await repository.add_batch(session, values)
    await EXTENSIONS.save(session, batch_id, options.model_extra or {})
    await add_jobs(session, registry, batch_id, assigned)
    created = {"status": status, "name": values["name"]} | ({"mixed_customers": True} if mixed else {})
    await log.record(session, batch_id, [log.NewEvent("batch.created", data=created)], actor=caller.actor)
    if options.start:
        await desk.notifier.notify(session, batch_id, parallel)
    if is_counted:
        await quotas.count_new(session, caller.organisation_id, in_flight)
    return BatchCreated(
        batch_id=batch_id,
        jobs_count=len(assigned),
        customer_prefix=prefix,
        mixed_customers=mixed,
        base_directory_name=base_name,
        status=status,
        links=links_of(batch_id, public_path("")),
    )


def may_be_empty(options: BatchOptions) -> bool:
    """Whether its jobs may come later."""
    return not options.start or options.sealed is False


def _failure_policy(pipeline: Pipeline, options: BatchOptions) -> dict[str, Any]:
    if options.failure_policy:
        return options.failure_policy.model_dump()
    return {"threshold": pipeline.failure_policy.threshold, "action": pipeline.failure_policy.action}


async def _texts_of(records: Sequence[Any]) -> list[str | None]:
    """The records as JSON; None of what has none."""
    if any(isinstance(record, dict) for record in records):
        return await asyncio.to_thread(lambda: [_text_of(record) for record in records])
    return [_text_of(record) for record in records]


def _text_of(record: Any) -> str | None:
    if isinstance(record, PackedObject):
        return record.text
    return None if record is None else PackedObject(dump_json(record)).text


async def add_jobs(
    session: AsyncSession, registry: Registry, batch_id: UUID, assigned: Sequence[Assignment], *, before: int = 0
) -> None:
    """Write jobs with their steps, behind the `before` numbers that the batch has given already."""
    tasks = {task.pipeline.key: task for _, _, task in assigned}
    pipeline_ids = {key: registry.id_of(task.pipeline) for key, task in tasks.items()}
    steps = {pipeline_ids[key]: step_rows(task.steps) for key, task in tasks.items()}
    for start in range(0, len(assigned), JOBS_AT_ONCE):
        part = assigned[start : start + JOBS_AT_ONCE]
        ids = [new_id() for _ in part]
        jobs = [job for _, job, _ in part]
        columns: dict[str, list[Any]] = {
            "ids": ids,
            "items": [item for item, _, _ in part],
            "pipeline_ids": [pipeline_ids[task.pipeline.key] for _, _, task in part],
            "source_types": [job.source_type for job in jobs],
            "source_urls": [job.source_url for job in jobs],
            "file_ids": [job.file_id for job in jobs],
            "names": [job.name for job in jobs],
            "file_sizes": [job.file_size for job in jobs],
            "media_types": [job.media_type for job in jobs],
            "checksums": [job.checksum for job in jobs],
            "records": await _texts_of([job.record for job in jobs]),
            "external_ids": [job.external_id for job in jobs],
        }
        await bulk_repository.add_jobs(session, batch_id, columns, steps, before=before + start)


def step_rows(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """What is written of the steps of each job."""
    return [{"name": step.name, "depends_on": step.depends_on, "skip_if_failed": step.skip_if_failed} for step in steps]
