"""Templates: written or taken from a batch, and run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.auth.errors import PipelineNotPermitted
from app.auth.ownership import check_owner
from app.automation import repository
from app.automation.errors import OverridesNotValid, TemplateNotFound
from app.automation.models import Template
from app.automation.schemas import (
    DryRun,
    ItemPreview,
    ItemsSource,
    TemplateCreate,
    TemplateRun,
    TemplateUpdate,
)
from app.automation.template_items import SOURCE, ItemSources, check_source, find_jobs
from app.batches import service as batch_service
from app.batches import submission
from app.batches.errors import BatchNotFound
from app.batches.responses import pipelines_of
from app.batches.schemas import BatchCreated, BatchOptions, Item
from app.batches.secret_params import with_secrets_of
from app.batches.submission import Notifier
from app.files import repository as file_repository
from app.kit.declarations import raises
from app.kit.errors import Conflict, existing, explain_error
from app.kit.ids import new_id
from app.pipelines.registry import Registry

SHOWN_ITEMS = 100


@raises(PipelineNotPermitted)
def _check_reach(caller: Caller, source: Any) -> None:
    """A key that is limited to pipelines names its items: what a tag or a filter finds may be another pipeline's."""
    if caller.pipelines is not None and source.type != "items":
        raise PipelineNotPermitted("This key is limited to pipelines: give the items themselves.")


class TemplateRunner:
    """What making a batch from a template needs besides the session."""

    def __init__(self, registry: Registry, notifier: Notifier, sources: ItemSources, max_jobs: int) -> None:
        self.registry, self.notifier, self.sources, self.max_jobs = registry, notifier, sources, max_jobs

    @raises(OverridesNotValid, find_jobs, submission.submit, _check_reach)
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
        options = self._options(template, body)
        if body.source:
            _check_reach(caller, body.source)
        jobs = await find_jobs(session, caller.organisation_id, _source(template, body), self.sources, self.max_jobs)
        return await submission.submit(
            session, caller, self.registry, self.notifier, options, jobs, max_jobs=self.max_jobs, relation=relation
        )

    @raises(OverridesNotValid, find_jobs, submission.submit, _check_reach)
    async def preview(self, session: AsyncSession, caller: Caller, template: Template, body: TemplateRun) -> DryRun:
        """What such a batch would hold, refused as the batch would be; nothing is written."""
        options = self._options(template, body)
        if body.source:
            _check_reach(caller, body.source)
        jobs = await find_jobs(session, caller.organisation_id, _source(template, body), self.sources, self.max_jobs)
        tasks = submission.check_tasks(self.registry, options, caller)
        assigned = submission.assign(tasks, jobs, self.max_jobs, draft=True)
        return DryRun(
            jobs_count=len(assigned),
            items_count=len(jobs),
            items=[
                ItemPreview(source_type=job.source_type, name=job.name or job.source_url, pipeline=job.pipeline)
                for job in jobs[:SHOWN_ITEMS]
            ],
            options=options.model_dump(mode="json", exclude_none=True),
        )

    @raises(submission.check_tasks, check_source, _check_reach)
    def check(self, caller: Caller, options: BatchOptions, source: Any) -> None:
        """Refuse a template that could never run, and one that would read more than the caller may."""
        submission.check_tasks(self.registry, options, caller)
        check_source(source, self.sources)
        _check_reach(caller, source)

    def _options(self, template: Template, body: TemplateRun) -> BatchOptions:
        known = template.options.get("params", {})
        params = {**known, **with_secrets_of(known, body.options.get("params", {}))}
        merged = {"name": template.name, **template.options, **body.options, "params": params}
        try:
            return BatchOptions.model_validate(merged)
        except ValueError as error:
            raise OverridesNotValid(f"The options of the run are not valid: {explain_error(error)}.") from None


def _source(template: Template, body: TemplateRun) -> Any:
    return body.source or SOURCE.validate_python(template.source)


def _as_row(options: BatchOptions) -> dict[str, Any]:
    return options.model_dump(mode="json", exclude_unset=True)


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


@raises(TemplateRunner.check, BatchNotFound, Conflict)
async def add_template(session: AsyncSession, caller: Caller, runner: TemplateRunner, body: TemplateCreate) -> Template:
    """A new template. Files that it takes from a batch are tagged, so that they outlive the batch."""
    template_id, options, source = new_id(), body.options, body.source
    if body.from_batch:
        of_batch, items = await _read_batch(session, caller, body.from_batch)
        options = options or of_batch
        if source is None:
            source = ItemsSource(items=items)
            files = [item.file_id for item in items if item.file_id]
            await file_repository.add_tag(session, caller.organisation_id, files, _tag(template_id))
    assert options
    source = source or ItemsSource()
    runner.check(caller, options, source)
    template = Template(
        id=template_id,
        organisation_id=caller.organisation_id,
        created_by=caller.user_id,
        name=body.name,
        description=body.description,
        options=_as_row(options),
        source=source.model_dump(mode="json", exclude_unset=True) | {"type": source.type},
    )
    session.add(template)
    await session.flush()
    await record(session, caller, Action.TEMPLATE_CREATED, target=Target("template", template.id, template.name))
    return template


@raises(get_own_template, TemplateRunner.check, Conflict)
async def update_template(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, template_id: UUID, body: TemplateUpdate
) -> Template:
    """Change what was sent. Batches that were made from it stay as they are."""
    template = await get_own_template(session, caller, template_id)
    if body.options and body.options.params:
        body.options.params = with_secrets_of(template.options.get("params", {}), body.options.params)
    if body.options or body.source:
        options = body.options or BatchOptions.model_validate(template.options)
        runner.check(caller, options, body.source or SOURCE.validate_python(template.source))
    if body.name:
        template.name = body.name
    if "description" in body.model_fields_set:
        template.description = body.description
    if body.options:
        template.options = _as_row(body.options)
    if body.source:
        template.source = body.source.model_dump(mode="json", exclude_unset=True) | {"type": body.source.type}
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


async def _read_batch(session: AsyncSession, caller: Caller, batch_id: UUID) -> tuple[BatchOptions, list[Item]]:
    """What made a batch, so that it can be made again."""
    batch, pipeline, _ = await batch_service.get_batch(session, caller, batch_id)
    sources = await repository.list_sources_of_batch(session, batch_id)
    items = [
        # A URL that was fetched has a file as well.
        Item(url=url, name=name) if source_type == "url" else Item(file_id=file_id, record=record, name=name)
        for source_type, file_id, url, record, name in sources
    ]
    values: dict[str, Any] = {
        "pipelines": pipelines_of(batch, pipeline),
        "params": batch.settings,
        "description": batch.description,
        "metadata": batch.metadata_,
        "execution_mode": batch.execution_mode,
        "max_parallel": batch.max_parallel,
        "failure_policy": batch.failure_policy,
        "notification_email": batch.notification_email,
    }
    given = {name: value for name, value in values.items() if value is not None}
    return BatchOptions.model_validate(given), items
