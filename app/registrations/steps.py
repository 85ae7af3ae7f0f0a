"""One step of a registration: ask the platform for an effect, then read it back and see that it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from app.connections.service import Connections
from app.files.models import File
from app.files.storage import Storage
from app.kit.failures import Failure
from app.kit.placeholders import fill, fill_path, look_up
from app.pipelines.contract import Condition, Retry, Step, StepContext, Stop
from app.registrations import repository
from app.registrations.accounts import PlatformAccount
from app.registrations.models import Restaurant
from app.registrations.params import RegistrationParams
from app.registrations.platform import (
    STEP_SECONDS,
    Access,
    Answer,
    CallDescription,
    CheckDescription,
    OrderingPlatform,
    PlatformDescription,
    explain,
)

EFFECT_NOT_VISIBLE: Final = "EFFECT_NOT_VISIBLE"
"""The platform said yes and the effect is not there: a silent loss, tried again like a fault that passes."""


class StepRefused(Failure):
    """The step cannot be carried out, now or later."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a step works on: the restaurant as it is now, what its templates may name, and its files' keys."""

    restaurant: Restaurant
    values: Mapping[str, Any]
    files: Mapping[str, str]


def registration_step(name: str, *, when: Condition | None = None, depends_on: tuple[str, ...] = ()) -> Step:
    """A step that the platform's description has under this name."""

    async def run(ctx: StepContext) -> Stop | Retry | dict[str, Any]:
        return await perform(ctx, name)

    return Step(name, run, timeout=STEP_SECONDS, when=when, depends_on=depends_on)


async def perform(ctx: StepContext, name: str) -> Stop | Retry | dict[str, Any]:
    """Carry out the described step `name` for the job's restaurant; its output is what the check says to keep."""
    access = await access_of(ctx)
    if access is None:
        message = "The organisation has no ordering platform: set one up, or give base_url in common_config."
        return Stop("PLATFORM_NOT_CONFIGURED", message, batch=True)
    description = access.description.steps.get(name)
    if description is None:
        return Stop("STEP_NOT_DESCRIBED", f"The platform's description has no step {name}.")
    try:
        subject = await load_subject(ctx)
        await ctx.report(None, str(fill(description.says, subject.values, missing="omitted") or name))
        answer = await call(ctx, access, description.call, subject)
        values = {**subject.values, "answer": answer.body}
        kept, differences = await check(access, description.check, values)
    except StepRefused as error:
        return Stop(error.code, error.message)
    if differences:
        return Retry(code=EFFECT_NOT_VISIBLE, message=f"{name}: the platform said yes, but {'; '.join(differences)}.")
    return {"status": answer.status, **subject_counts(name, subject), **kept}


async def access_of(ctx: StepContext) -> Access | None:
    """The platform of this batch: the caller's own or the organisation's, through the client that refuses private
    addresses, or the operator's. None: there is none of them."""
    platform = ctx.resource(OrderingPlatform)
    params = ctx.params
    if not isinstance(params, RegistrationParams) or params.base_url is None:
        found = await ctx.resource(Connections).find(ctx.batch.organisation_id, PlatformAccount)
        if found is None:
            return None
        access = platform.access(found.account.url, found.account.headers, ctx.http if found.own else None)
        return replace(access, timeout=params.timeout) if access and isinstance(params, RegistrationParams) else access
    headers = {params.auth.header: params.auth.token} if params.auth else {}
    description = PlatformDescription(steps={**platform.description.steps, **params.steps})
    return Access(params.base_url, headers, ctx.http, description, params.timeout)


async def load_subject(ctx: StepContext) -> Subject:
    """The job's restaurant as it is now, so that a menu or a contact that was put right counts on a retry.

    Raises StepRefused: the record names none, or it is gone.
    """
    restaurant_id = _id_of(ctx.job.record)
    async with ctx.transaction() as session:
        restaurant = await repository.find_restaurant(session, ctx.batch.organisation_id, restaurant_id)
        if restaurant is None:
            raise StepRefused("RESTAURANT_NOT_FOUND", "The restaurant has been removed.")
        files = {}
        for kind in ("menu", "option_sets"):
            file_id = getattr(restaurant, f"{kind}_file_id")
            if file_id and (file := await session.get(File, file_id)):
                files[kind] = file.storage_key
    fields = {name: getattr(restaurant, name) for name in ("name", "type", "stage", "icp_score", "city", "contact")}
    values = {
        **ctx.outputs,
        "restaurant": fields | {"id": str(restaurant.id), "attributes": restaurant.attributes},
        "menu": restaurant.menu or {},
        "option_sets": restaurant.option_sets or {},
        "config": ctx.params.model_dump(mode="json", exclude={"auth", "steps"}),
        "job": {"id": str(ctx.job.id), "sequence": ctx.job.sequence},
        "batch": {"id": str(ctx.batch.id), "name": ctx.batch.name},
    }
    return Subject(restaurant, values, files)


def _id_of(record: Mapping[str, Any] | None) -> UUID:
    try:
        return UUID(str((record or {})["restaurant_id"]))
    except (KeyError, ValueError):
        raise StepRefused("RECORD_NOT_VALID", "The record has no restaurant_id.") from None


async def call(ctx: StepContext, access: Access, described: CallDescription, subject: Subject) -> Answer:
    """Ask for the effect, under the key that every attempt of this step has; raises StepRefused when it is refused."""
    content = None
    if described.send:
        if described.send not in subject.files:
            what = "menu" if described.send == "menu" else "file of option sets"
            message = f"{subject.restaurant.name} has no {what}: upload one and retry."
            raise StepRefused(f"{described.send.upper()}_MISSING", message)
        chunks = ctx.resource(Storage).chunks(subject.files[described.send])
        content = b"".join([chunk async for chunk in chunks])
    path = fill_path(described.path, subject.values)
    body = fill(described.body, subject.values, missing="omitted")  # a value that a restaurant lacks is no mistake
    answer = await access.ask(described.method, path, key=ctx.key, body=body, content=content)
    if not 200 <= answer.status < 300 and answer.status not in described.already:
        code = f"UPSTREAM_{answer.status // 100}XX"
        raise StepRefused(code, explain(described.method, path, answer))
    return answer


async def check(
    access: Access, described: CheckDescription, values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Read the effect back: what to keep of it, and how it differs from what was asked for.

    What a restaurant has no value for is not expected.
    """
    path = fill_path(described.path, values)
    answer = await access.ask("GET", path)
    if not 200 <= answer.status < 300:
        return {}, [f"reading it back at {path} gets {answer.status}"]
    differences = []
    for place, template in described.expect.items():
        expected, found = fill(template, values, missing="omitted"), look_up(answer.body, place, None)
        if expected is not None and found != expected:
            differences.append(f"{place} is {_shown(found)}, not {_shown(expected)}")
    kept = {name: look_up(answer.body, place, None) for name, place in described.keep.items()}
    differences += [f"it does not tell {place}" for name, place in described.keep.items() if kept[name] is None]
    return kept, differences


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def subject_counts(name: str, subject: Subject) -> dict[str, Any]:
    """What the steps after the upload are decided by: they may not look at the database."""
    if name != "csv_upload":
        return {}
    counts = {column: (subject.restaurant.menu or {}).get(column, 0) for column in ("items", "images", "tagged")}
    return counts | {"option_sets": "option_sets" in subject.files}
