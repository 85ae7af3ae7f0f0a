"""Submitting work: one request, one batch."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.batches.dependencies import SubmissionDep
from app.batches.errors import NotOneItem
from app.batches.extensions import EXTENSIONS
from app.batches.schemas import BatchCreate, BatchCreated, BatchOptions, Item, JobCreate, SubmitForm, Url
from app.batches.submitter import Submitter
from app.files.upload import Form, receive_form
from app.kit.declarations import RouteTag, json_example, raises, sends, shows
from app.kit.errors import InvalidJson
from app.kit.json_pieces import check_members
from app.kit.json_reading import load_json

_TAG = RouteTag("batches", "Submit many things as one batch, and read batches, jobs and their results.")
router = APIRouter(prefix="/api", tags=[_TAG])
M = TypeVar("M", bound=BaseModel)
_URLS = TypeAdapter(list[Url])
FORM_EXAMPLE = {"pipeline": "data-report", "name": "Sales of March", "urls": ["https://example.org/march.csv"]}
JSON_EXAMPLE = {
    "pipeline": "data-report",
    "name": "Sales of March",
    "items": [{"url": "https://example.org/march.csv"}, {"file_id": "0197e9a2-6f3c-7c55-9d1e-2a4b6c8d0e1f"}],
    "failure_policy": {"threshold": 0.2, "action": "pause"},
}
_FORM: dict[str, Any] = {
    "multipart/form-data": {"schema": {"$ref": "#/components/schemas/SubmitForm"}, "example": FORM_EXAMPLE}
}
_JOB: dict[str, Any] = {
    "application/json": {
        "schema": {"$ref": "#/components/schemas/JobCreate"},
        "example": {"pipeline": "data-report", "url": "https://example.org/march.csv"},
    }
}
FORM_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": _FORM}}
"""Of routes that read a form themselves; such a route `shows(SubmitForm)`."""
JOB_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": _FORM | _JOB}}


def _validate(model: type[M], values: dict[str, Any]) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = [{**e, "loc": ("body", *e["loc"])} for e in error.errors(include_context=False, include_url=False)]
        raise RequestValidationError(found) from None


def read_form(form: Form, **fixed: Any) -> tuple[BatchOptions, list[str]]:
    """The options and URLs of a form. Fields that are no option are parameters of the pipeline; `fixed` ones win.

    Blocks: a form may hold a MiB of JSON, and ten thousand URLs."""
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
        elif name in ("params", "metadata", "failure_policy"):
            if text:
                values[name] = _json_object(name, text)
        elif name in BatchOptions.model_fields or name in EXTENSIONS.option_names:
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
        value = load_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        message = {"loc": ("body", name), "msg": "must be a JSON object", "type": "json_object"}
        raise RequestValidationError([message])
    return value


@router.post("/batches", status_code=201, openapi_extra=json_example(JSON_EXAMPLE))
@raises(Submitter.submit_items)
@sends("Location")
async def create_batch(body: BatchCreate, submitter: SubmissionDep) -> BatchCreated:
    """Submit stored files, URLs and records as one batch."""
    return await submitter.submit_items(body, body.items)


@router.post("/jobs/batch", status_code=201, openapi_extra=FORM_BODY)
@raises(receive_form, Submitter.submit_form)
@sends("Location")
@shows(SubmitForm)
async def create_batch_from_form(request: Request, submitter: SubmissionDep) -> BatchCreated:
    """Submit files and URLs as one batch, in one multipart request."""
    async with receive_form(request, submitter.storage, submitter.limits) as form:
        options, urls = await asyncio.to_thread(read_form, form)
        return await submitter.submit_form(options, form.files, urls)


@router.post("/jobs", status_code=201, openapi_extra=JOB_BODY)
@raises(receive_form, Submitter.submit_form, Submitter.submit_items, NotOneItem, InvalidJson)
@sends("Location")
@shows(JobCreate, SubmitForm)
async def create_job(request: Request, submitter: SubmissionDep) -> BatchCreated:
    """Submit one file, URL or record: a batch of one. Takes multipart/form-data, or JSON with a JobCreate."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with receive_form(request, submitter.storage, submitter.limits) as form:
            options, urls = await asyncio.to_thread(read_form, form)
            if len(form.files) + len(urls) > 1:
                raise NotOneItem("Send one file or URL here; several go to /api/jobs/batch.")
            return await submitter.submit_form(options, form.files, urls, single=True)
    body, item = await asyncio.to_thread(_read_job, await request.body())
    return await submitter.submit_items(body, [item], single=True)


def _read_job(text: bytes) -> tuple[JobCreate, Item]:
    """What is to be done with what. Blocks: a MiB of lists in lists takes a quarter of a second."""
    try:
        values = load_json(text)
    except ValueError:
        raise InvalidJson("The body is neither multipart/form-data nor valid JSON.") from None
    check_members(values)
    body = _validate(JobCreate, values)
    return body, body.as_item().packed()
