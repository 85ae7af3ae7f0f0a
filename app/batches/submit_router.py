"""Submitting work: one request, one batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller, CallerDep
from app.batches import submission
from app.batches.dependencies import NotifierDep
from app.batches.errors import NotOneItem
from app.batches.items import jobs_of_items
from app.batches.schemas import BatchCreate, BatchCreated, BatchOptions, Item, JobCreate, Url
from app.batches.submission import NewJob, Notifier
from app.files import service as file_service
from app.files.router import StorageDep, UploadLimitsDep
from app.files.service import NewFile
from app.files.storage import Storage
from app.files.upload import Form, Part, UploadLimits, receive_form
from app.idempotency.dependencies import OnceDep
from app.idempotency.once import Once
from app.kit.db import Database, DatabaseDep
from app.kit.errors import BadRequest
from app.pipelines.registry import Registry
from app.pipelines.router import RegistryDep

router = APIRouter(prefix="/api", tags=["batches"])
M = TypeVar("M", bound=BaseModel)
BATCH = "/api/batches/{batch_id}"
_URLS = TypeAdapter(list[Url])
FORM_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "description": "A field that is not named here is taken as a parameter of the pipeline.",
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "urls": {"type": "array", "items": {"type": "string", "format": "uri"}},
                        "params": {"type": "string", "contentMediaType": "application/json"},
                        **BatchOptions.model_json_schema()["properties"],
                    },
                }
            }
        },
    }
}


class Submitter:
    """What a submission needs besides its content; a dependency of the three routes."""

    def __init__(
        self,
        caller: CallerDep,
        database: DatabaseDep,
        storage: StorageDep,
        registry: RegistryDep,
        limits: UploadLimitsDep,
        once: OnceDep,
        notifier: NotifierDep,
    ) -> None:
        self.caller: Caller = caller
        self.database: Database = database
        self.storage: Storage = storage
        self.registry: Registry = registry
        self.limits: UploadLimits = limits
        self._once: Once = once
        self.notifier: Notifier = notifier

    async def submit_items(
        self, options: BatchOptions, items: Sequence[Item], *, single: bool = False, body: Any = None
    ) -> BatchCreated:
        """Submit files that are stored already, URLs and records; `body` is what was sent, when it is not these."""
        submission.check_count(len(items), self.limits.files)
        async with self.database.transaction() as session:

            async def make() -> BatchCreated:
                jobs = await jobs_of_items(session, self.caller.organisation_id, items)
                return await self._submit(session, options, jobs, single=single)

            sent = [options, *items] if body is None else body
            return await self._once.answer(session, sent, make, BatchCreated, location=BATCH)

    async def submit_form(
        self,
        options: BatchOptions,
        parts: Sequence[Part],
        urls: Sequence[str],
        *,
        single: bool = False,
        location: str = BATCH,
    ) -> BatchCreated:
        """Submit files that have just arrived. Everything is checked before a file is kept."""
        sent = [options, [[part.name, part.content.size, part.content.sha256] for part in parts], list(urls)]
        async with self.database.transaction() as session:
            if known := await self.find_answer(session, sent, location=location):
                return known
        url_jobs = [NewJob("url", None, source_url=url) for url in urls]
        drafts = [NewJob("file", part.name) for part in parts] + url_jobs
        tasks = submission.check_tasks(self.registry, options)
        submission.assign(tasks, drafts, self.limits.files, draft=not options.start)
        files = await file_service.store_contents(
            self.storage, [(part.name, part.media_type, part.content) for part in parts]
        )
        async with self.database.transaction() as session:

            async def make() -> BatchCreated:
                await file_service.add_files(session, self.caller.organisation_id, files)
                jobs = [_job_of_new_file(file) for file in files] + url_jobs
                return await self._submit(session, options, jobs, single=single)

            return await self._once.answer(session, sent, make, BatchCreated, location=location)

    async def find_answer(self, session: AsyncSession, body: Any, *, location: str = BATCH) -> BatchCreated | None:
        """What was answered to this body under the same Idempotency-Key, if anything."""
        known = await self._once.find(session, body, location=location)
        return None if known is None else BatchCreated.model_validate(known)

    async def _submit(
        self, session: AsyncSession, options: BatchOptions, jobs: Sequence[NewJob], *, single: bool
    ) -> BatchCreated:
        return await submission.submit(
            session,
            self.caller,
            self.registry,
            self.notifier,
            options,
            jobs,
            max_jobs=self.limits.files,
            single=single,
        )


SubmitterDep = Annotated[Submitter, Depends()]


def _job_of_new_file(file: NewFile) -> NewJob:
    content = file.content
    return NewJob(
        "file",
        file.name,
        file_id=file.id,
        file_size=content.size,
        media_type=file.media_type,
        checksum=content.sha256,
    )


def _validate(model: type[M], values: dict[str, Any]) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = [{**e, "loc": ("body", *e["loc"])} for e in error.errors(include_context=False, include_url=False)]
        raise RequestValidationError(found) from None


def read_form(form: Form, **fixed: Any) -> tuple[BatchOptions, list[str]]:
    """The options and URLs of a form. Fields that are no option are parameters of the pipeline; `fixed` ones win."""
    values: dict[str, Any] = {}
    params: dict[str, Any] = {}
    urls: list[str] = []
    pipelines: list[str] = []
    for name, text in form.fields:
        if name in ("file", "files") and not text:
            continue  # what some clients send for "no file"
        if name in ("url", "urls"):
            urls += text.split()
        elif name in ("pipeline", "pipelines"):
            pipelines += text.replace(",", " ").split()
        elif name in ("params", "metadata"):
            values[name] = _json_object(name, text)
        elif name in BatchOptions.model_fields:
            values[name] = text
        else:
            params[name] = text
    values |= {"params": params | values.get("params", {}), "pipelines": pipelines} | fixed
    try:
        return _validate(BatchOptions, values), [str(url) for url in _URLS.validate_python(urls)]
    except ValidationError as error:
        found = [{**e, "loc": ("body", "urls", *e["loc"])} for e in error.errors(include_context=False)]
        raise RequestValidationError(found) from None


def _json_object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        message = {"loc": ("body", name), "msg": "must be a JSON object", "type": "json_object"}
        raise RequestValidationError([message])
    return value


@router.post("/batches", status_code=201)
async def create_batch(body: BatchCreate, submitter: SubmitterDep) -> BatchCreated:
    """Submit stored files, URLs and records as one batch."""
    return await submitter.submit_items(body, body.items)


@router.post("/jobs/batch", status_code=201, openapi_extra=FORM_BODY)
async def create_batch_from_form(request: Request, submitter: SubmitterDep) -> BatchCreated:
    """Submit files and URLs as one batch, in one multipart request."""
    async with receive_form(request, submitter.storage, submitter.limits) as form:
        options, urls = read_form(form)
        return await submitter.submit_form(options, form.files, urls)


@router.post("/jobs", status_code=201, openapi_extra=FORM_BODY)
async def create_job(request: Request, submitter: SubmitterDep) -> BatchCreated:
    """Submit one file, URL or record: a batch of one. Takes multipart/form-data, or JSON with a JobCreate."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with receive_form(request, submitter.storage, submitter.limits) as form:
            options, urls = read_form(form)
            if len(form.files) + len(urls) > 1:
                raise NotOneItem("Send one file or URL here; several go to /api/jobs/batch.")
            return await submitter.submit_form(options, form.files, urls, single=True)
    try:
        values = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise BadRequest("The body is neither multipart/form-data nor valid JSON.") from None
    body = _validate(JobCreate, values)
    return await submitter.submit_items(body, [body.as_item()], single=True)
