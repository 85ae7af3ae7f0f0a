"""Templates: written or taken from a batch, and run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.auth.errors import PipelineNotPermitted
from app.auth.ownership import check_owner
from app.automation import repository
from app.automation.errors import OverridesNotValid, SecretInSchedule, TemplateNotFound
from app.automation.models import Template
from app.automation.schemas import (
    DryRun,
    FilesSource,
    ItemPreview,
    ItemsSource,
    RowsSource,
    TemplateCreate,
    TemplateRun,
    TemplateSource,
    TemplateUpdate,
)
from app.automation.template_items import SOURCE, ItemSources, check_source, find_jobs
from app.batches import service as batch_service
from app.batches import submission
from app.batches.desk import Desk
from app.batches.errors import BatchNotFound
from app.batches.responses import pipelines_of
from app.batches.schemas import BatchCreated, BatchOptions, Item
from app.files import repository as file_repository
from app.kit.declarations import raises
from app.kit.errors import Conflict, TooLarge, existing, explain_error
from app.kit.ids import new_id
from app.kit.json_pieces import count_values
from app.kit.parts import beside_the_loop
from app.kit.secrets.edits import SecretWanted, check_secrets_stay, with_secrets_of
from app.kit.secrets.sealing import CannotUnseal, sealed_in

SHOWN_ITEMS = 100
MOST_VALUES: Final = 100_000
MOST_CHARACTERS: Final = 8 * 1024 * 1024
"""Of the items that a template takes from a batch: it is read and answered as a whole, on the event loop."""


@raises(PipelineNotPermitted)
def _check_reach(caller: Caller, source: Any) -> None:
    """A key that is limited to pipelines names its items: what a tag or a filter finds may be another pipeline's."""
    if caller.pipelines is not None and source.type != "items":
        raise PipelineNotPermitted("This key is limited to pipelines: give the items themselves.")


class TemplateRunner:
    """What making a batch from a template needs besides the session."""

    def __init__(self, desk: Desk, sources: ItemSources, max_jobs: int) -> None:
        self.desk, self.sources, self.max_jobs = desk, sources, max_jobs

    @raises(OverridesNotValid, SecretWanted, CannotUnseal, find_jobs, submission.submit, _check_reach)
    async def run(
        self,
        session: AsyncSession,
        caller: Caller,
        template: Template,
        body: TemplateRun,
        *,
        relation: str | None = None,
    ) -> BatchCreated:
        """A batch of what the template's source holds now; raises what a submission does."""
        options = await self._options(template, body)
        if body.source:
            _check_reach(caller, body.source)
        source = await _source(template, body)
        jobs = await find_jobs(session, caller.organisation_id, source, self.sources, self.max_jobs, body.limit)
        return await submission.submit(
            session, caller, self.desk, options, jobs, max_jobs=self.max_jobs, relation=relation
        )

    @raises(OverridesNotValid, SecretWanted, CannotUnseal, find_jobs, submission.submit, _check_reach)
    async def preview(self, session: AsyncSession, caller: Caller, template: Template, body: TemplateRun) -> DryRun:
        """What such a batch would hold, refused as the batch would be; nothing is written."""
        options = await self._options(template, body)
        if body.source:
            _check_reach(caller, body.source)
        source = await _source(template, body)
        jobs = await find_jobs(session, caller.organisation_id, source, self.sources, self.max_jobs, body.limit)
        tasks = submission.check_tasks(self.desk.registry, options, caller)
        assigned = submission.assign(tasks, jobs, self.max_jobs, may_be_empty=True)
        if options.start:
            await submission.check_needs(session, self.desk, caller.organisation_id, options, tasks, jobs)
        params = await beside_the_loop(options.params, partial(self._sealed, options, tasks, caller.organisation_id))
        return DryRun(
            jobs_count=len(assigned),
            items_count=len(jobs),
            items=[
                ItemPreview(source_type=job.source_type, name=job.name or job.source_url, pipeline=job.pipeline)
                for job in jobs[:SHOWN_ITEMS]
            ],
            options=options.model_dump(mode="json", exclude_none=True) | {"params": params},
        )

    @raises(OverridesNotValid, SecretWanted, CannotUnseal, SecretInSchedule, submission.check_tasks)
    async def with_params(self, caller: Caller, template: Template, params: Mapping[str, Any]) -> BatchOptions:
        """The template's options with these parameters laid over its own, in clear; they must hold no secret.

        What is kept beside a template would go where the template says, whoever changes that.
        """
        options = await self._options(template, TemplateRun(options={"params": params}))
        tasks = submission.check_tasks(self.desk.registry, options, caller)
        sealed = partial(self._sealed, options, tasks, template.organisation_id)
        kept = await beside_the_loop(options.params, sealed)
        if any(True for _ in sealed_in({name: kept.get(name) for name in params})):
            raise SecretInSchedule("The parameters of a schedule must not hold a secret: keep it in the template.")
        return options

    @raises(submission.check_tasks, submission.check_needs, check_source, _check_reach)
    async def check(
        self, session: AsyncSession, caller: Caller, options: BatchOptions, source: TemplateSource | None
    ) -> None:
        """Refuse a template that could never run, and one that would read more than the caller may.

        `source`: None where it was looked at before.
        """
        tasks = submission.check_tasks(self.desk.registry, options, caller)
        if options.start:
            await submission.check_needs(session, self.desk, caller.organisation_id, options, tasks)
        if source:
            await check_source(session, caller.organisation_id, source, self.sources)
            _check_reach(caller, source)

    async def as_row(self, options: BatchOptions, caller: Caller) -> dict[str, Any]:
        """The options as they are kept: with their secrets encrypted."""
        tasks = submission.check_tasks(self.desk.registry, options, caller)

        def row() -> dict[str, Any]:
            found = options.model_dump(mode="json", exclude_unset=True)
            sealed = {"params": self._sealed(options, tasks, caller.organisation_id)} if "params" in found else {}
            return found | sealed

        return await beside_the_loop([options.params, options.metadata], row)

    @raises(CannotUnseal)
    async def clear(self, template: Template) -> BatchOptions:
        """The options of a template as they were given; raises CannotUnseal."""

        def read() -> BatchOptions:
            return BatchOptions.model_validate(self.desk.unseal(template.options, template.organisation_id))

        return await beside_the_loop(template.options, read)

    @raises(SecretWanted, CannotUnseal)
    async def kept(self, template: Template, options: BatchOptions) -> BatchOptions:
        """Options in which what is still hidden is what the template has there; in clear.

        Raises SecretWanted (422) where that could be sent elsewhere.
        """
        owner = template.organisation_id

        def with_secrets() -> BatchOptions:
            known = self.desk.sealer.seal_tree(template.options, owner)
            wanted = options.model_dump(mode="json", exclude_unset=True)
            if "params" in wanted:
                wanted["params"] = with_secrets_of(known.get("params", {}), wanted["params"])
            check_secrets_stay(_destined(known), _destined(wanted))
            return BatchOptions.model_validate(self.desk.unseal(wanted, owner))

        return await beside_the_loop([template.options, options.params, options.metadata], with_secrets)

    def _sealed(self, options: BatchOptions, tasks: Sequence[submission.Task], organisation_id: UUID) -> dict[str, Any]:
        """The parameters as they were given, with their secrets encrypted."""
        if len(tasks) == 1:
            return self.desk.seal(tasks[0].pipeline, options.params, organisation_id)
        return {
            task.pipeline.key: self.desk.seal(task.pipeline, options.params[task.pipeline.key], organisation_id)
            for task in tasks
            if task.pipeline.key in options.params
        }

    async def _options(self, template: Template, body: TemplateRun) -> BatchOptions:
        return await beside_the_loop([template.options, body.options], partial(self._merged, template, body))

    def _merged(self, template: Template, body: TemplateRun) -> BatchOptions:
        given = body.options.get("params", {})
        if not isinstance(given, Mapping):
            raise OverridesNotValid("The options of the run are not valid: params: must be an object.")
        owner = template.organisation_id
        known = self.desk.sealer.seal_tree(template.options, owner)
        params = {**known.get("params", {}), **with_secrets_of(known.get("params", {}), given)}
        merged = {"name": template.name, **known, **body.options, "params": params}
        check_secrets_stay(_destined(known), _destined(merged))
        try:
            return BatchOptions.model_validate(self.desk.unseal(merged, owner))
        except ValueError as error:
            raise OverridesNotValid(f"The options of the run are not valid: {explain_error(error)}.") from None


def _destined(options: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters, and the pipelines that they are given to: another one may say them aloud."""
    pipelines = [options.get("pipeline"), *(options.get("pipelines") or ())]
    return {"params": options.get("params", {}), "url": [str(name) for name in pipelines if name]}


async def _source(template: Template, body: TemplateRun) -> ItemsSource | FilesSource | RowsSource:
    if body.source:
        return body.source
    source: ItemsSource | FilesSource | RowsSource = await asyncio.to_thread(SOURCE.validate_python, template.source)
    return source


def _as_row(source: ItemsSource | FilesSource | RowsSource) -> dict[str, Any]:
    return source.model_dump(mode="json", exclude_unset=True) | {"type": source.type}


@raises(TemplateNotFound)
async def get_template(session: AsyncSession, caller: Caller, template_id: UUID) -> Template:
    """The template; raises TemplateNotFound (404)."""
    return existing(await repository.find_template(session, caller, template_id), TemplateNotFound)


@raises(get_template, check_owner)
async def get_own_template(session: AsyncSession, caller: Caller, template_id: UUID) -> Template:
    """The template, for a change; raises TemplateNotFound (404) or NotOwner (403)."""
    template = await get_template(session, caller, template_id)
    await check_owner(session, caller, template.created_by)
    return template


@raises(TemplateRunner.check, BatchNotFound, CannotUnseal, Conflict, TooLarge)
async def add_template(session: AsyncSession, caller: Caller, runner: TemplateRunner, body: TemplateCreate) -> Template:
    """A new template. Files that it takes from a batch are tagged, so that they outlive the batch."""
    template_id, options, source = new_id(), body.options, body.source
    if body.from_batch:
        of_batch, items = await _read_batch(session, caller, runner, body.from_batch)
        options = options or of_batch
        if source is None:
            source = ItemsSource(items=items)
            files = [item.file_id for item in items if item.file_id]
            await file_repository.add_tag(session, caller.organisation_id, files, _tag(template_id))
    assert options
    source = source or ItemsSource()
    await runner.check(session, caller, options, source)
    template = Template(
        id=template_id,
        organisation_id=caller.organisation_id,
        created_by=caller.user_id,
        name=body.name,
        description=body.description,
        options=await runner.as_row(options, caller),
        source=await asyncio.to_thread(_as_row, source),
    )
    session.add(template)
    await session.flush()
    await record(session, caller, Action.TEMPLATE_CREATED, target=Target("template", template.id, template.name))
    return template


@raises(get_own_template, TemplateRunner.check, TemplateRunner.kept, Conflict)
async def update_template(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, template_id: UUID, body: TemplateUpdate
) -> Template:
    """Change what was sent. Batches that were made from it stay as they are."""
    template = await get_own_template(session, caller, template_id)
    options = await runner.kept(template, body.options) if body.options else None
    if options or body.source:
        await runner.check(session, caller, options or await runner.clear(template), body.source)
    if body.name:
        template.name = body.name
    if "description" in body.model_fields_set:
        template.description = body.description
    if options:
        template.options = await runner.as_row(options, caller)
    if body.source:
        template.source = await asyncio.to_thread(_as_row, body.source)
    await session.flush()
    await session.refresh(template)
    target, members = Target("template", template.id, template.name), sorted(body.model_fields_set)
    await record(session, caller, Action.TEMPLATE_UPDATED, target=target, details={"members": members})
    return template


@raises(get_own_template)
async def delete_template(session: AsyncSession, caller: Caller, template_id: UUID) -> None:
    """Remove a template with its schedules; the batches it made stay."""
    template = await get_own_template(session, caller, template_id)
    await file_repository.remove_tag(session, caller.organisation_id, _tag(template_id))
    await session.delete(template)
    await record(session, caller, Action.TEMPLATE_DELETED, target=Target("template", template.id, template.name))


def _tag(template_id: UUID) -> str:
    return f"template:{template_id}"


async def _read_batch(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, batch_id: UUID
) -> tuple[BatchOptions, list[Item]]:
    """What made a batch, so that it can be made again."""
    batch, pipeline, _ = await batch_service.get_batch(session, caller, batch_id)
    items: list[Item] = []
    values = size = 0
    async for part in repository.list_sources_of_batch(session, batch_id):
        for _, _, url, text, name in part:
            values += 4 + count_values((text or "").encode())
            size += len(url or "") + len(text or "") + len(name or "") + 100
        if values > MOST_VALUES or size > MOST_CHARACTERS:
            raise TooLarge("The records of this batch are too many, or too long, for a template: make it of files.")
        items += await asyncio.to_thread(_items_of, part)
    given: dict[str, Any] = {
        "pipelines": pipelines_of(batch, pipeline),
        "params": runner.desk.unseal(batch.settings, batch.organisation_id),
        "description": batch.description,
        "metadata": batch.metadata_,
        "execution_mode": batch.execution_mode,
        "max_parallel": batch.max_parallel,
        "failure_policy": batch.failure_policy,
        "notification_email": batch.notification_email,
    }
    given = {name: value for name, value in given.items() if value is not None}
    return BatchOptions.model_validate(given), items


def _items_of(rows: Sequence[Any]) -> list[Item]:
    return [
        # A URL that was fetched has a file as well.
        Item(url=url, name=name)
        if source_type == "url"
        else Item(file_id=file_id, record=None if record is None else json.loads(record), name=name)
        for source_type, file_id, url, record, name in rows
    ]
