"""Templates: batches to be made again, with their items or with a filter that finds them."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response

from app.auth.dependencies import ManagerDep, ReaderDep, SubmitterDep
from app.automation import repository, service
from app.automation.dependencies import TemplateRunnerDep
from app.automation.models import Template
from app.automation.schemas import (
    DryRun,
    ItemSourcePage,
    ItemSourceRead,
    TemplateCreate,
    TemplatePage,
    TemplateRead,
    TemplateRun,
    TemplateUpdate,
)
from app.batches.schemas import BatchCreated
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import PageDep, SessionDep
from app.kit.parts import beside_the_loop

_TAG = RouteTag("automation", "Templates make batches again, by hand or by a schedule.")
router = APIRouter(prefix="/api", tags=[_TAG])


async def _read(template: Template) -> TemplateRead:
    return await beside_the_loop([template.options, template.source], partial(TemplateRead.of, template))


@router.get("/item-sources")
async def list_item_sources(runner: TemplateRunnerDep, caller: ReaderDep) -> ItemSourcePage:
    """Rows that templates can take their items from, with the JSON schema of their filters."""
    sources = [
        ItemSourceRead(key=source.key, title=source.title, filter_schema=source.filter.model_json_schema())
        for source in runner.sources.values()
    ]
    return ItemSourcePage(item_sources=sources)


@router.post("/templates", status_code=201)
@raises(service.add_template)
@sends("Location")
async def create_template(
    body: TemplateCreate, session: SessionDep, caller: ManagerDep, runner: TemplateRunnerDep, once: OnceDep
) -> TemplateRead:
    """Write a template, or take it from a batch; refused when it could never run."""

    async def make() -> TemplateRead:
        return await _read(await service.add_template(session, caller, runner, body))

    return await once.answer(session, body, make, TemplateRead, location="/api/templates/{id}")


@router.get("/templates")
async def list_templates(session: SessionDep, caller: ReaderDep, page: PageDep) -> TemplatePage:
    """The organisation's templates by name. A long source is shown without its items, whose number `items_count` is."""
    found = await repository.list_templates(session, caller, page)
    templates = []
    for row, source, count in found.rows:
        read = partial(TemplateRead.of, row, source=source, items_count=count)
        templates.append(await beside_the_loop(row.options, read))
    return TemplatePage(templates=templates, next_cursor=found.next_cursor)


@router.get("/templates/{template_id}")
@raises(service.get_template)
async def get_template(template_id: UUID, session: SessionDep, caller: ReaderDep) -> TemplateRead:
    """One template."""
    return await _read(await service.get_template(session, caller, template_id))


@router.patch("/templates/{template_id}")
@raises(service.update_template)
async def update_template(
    template_id: UUID, body: TemplateUpdate, session: SessionDep, caller: ManagerDep, runner: TemplateRunnerDep
) -> TemplateRead:
    """Change a template; batches made from it stay as they are."""
    return await _read(await service.update_template(session, caller, runner, template_id, body))


@router.delete("/templates/{template_id}", status_code=204)
@raises(service.delete_template)
async def delete_template(template_id: UUID, session: SessionDep, caller: ManagerDep) -> None:
    """Remove a template with its schedules; the batches it made stay."""
    await service.delete_template(session, caller, template_id)


@router.post("/templates/{template_id}/run", status_code=201, responses={200: {"model": DryRun}})
@raises(service.get_template, service.TemplateRunner.run, service.TemplateRunner.preview)
@sends("Location")
async def run_template(
    template_id: UUID,
    response: Response,
    session: SessionDep,
    caller: SubmitterDep,
    runner: TemplateRunnerDep,
    once: OnceDep,
    body: TemplateRun | None = None,
) -> BatchCreated | DryRun:
    """Make a batch of what the template's source holds now; a dry run shows what would be in it, with 200."""
    wanted = body or TemplateRun()
    if wanted.dry_run:
        response.status_code = 200
        return await runner.preview(session, caller, await service.get_template(session, caller, template_id), wanted)

    async def make() -> BatchCreated:
        return await runner.run(session, caller, await service.get_template(session, caller, template_id), wanted)

    return await once.answer(session, wanted, make, BatchCreated, location="/api/batches/{batch_id}")
