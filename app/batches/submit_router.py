"""Submitting work: one request, one batch."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.batches.dependencies import SubmitterDep
from app.batches.errors import NotOneItem
from app.batches.extensions import EXTENSIONS
from app.batches.schemas import BatchCreate, BatchCreated, BatchOptions, JobCreate, Url
from app.files.upload import Form, receive_form
from app.kit.declarations import RouteTag
from app.kit.errors import BadRequest

_TAG = RouteTag("batches", "Submit many things as one batch, and read batches, jobs and their results.")
router = APIRouter(prefix="/api", tags=[_TAG])
M = TypeVar("M", bound=BaseModel)
_URLS = TypeAdapter(list[Url])
_REF = "#/components/schemas/{model}"


def _form_fields() -> dict[str, Any]:
    """The options as a form has them: a field that is not sent is how a form says null."""
    fields: dict[str, dict[str, Any]] = BatchOptions.model_json_schema(ref_template=_REF)["properties"]
    for schema in fields.values():
        kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
        if kinds and schema.get("default", "") is None:
            del schema["default"]
        for kind in kinds:
            schema |= kind
    return fields


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
                        **_form_fields(),
                    },
                }
            }
        },
    }
}


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
