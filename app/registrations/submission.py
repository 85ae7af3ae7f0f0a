"""A batch of registrations from the ids of restaurants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.auth.repository import get_organisation
from app.batches import submission
from app.batches.desk import Desk
from app.batches.errors import BatchEmpty, ParamsNotValid
from app.batches.naming import zone_of
from app.batches.schemas import BatchCreated, BatchOptions
from app.kit.declarations import raises
from app.kit.parts import made_in_parts
from app.pipelines.registry import Registry
from app.registrations import repository
from app.registrations.batch_schemas import RegistrationBatchCreate
from app.registrations.errors import RestaurantsUnknown
from app.registrations.item_source import job_of
from app.registrations.models import PIPELINE_KEY, Restaurant

IDS_TOLD = 100
JOBS_AT_ONCE = 1_000
"""As many as are made of restaurants in a few milliseconds."""


def batch_name(restaurants: Sequence[Restaurant], day: date) -> str:
    """`Auckland Outbound Q4`: what the restaurants have in common, and the quarter."""
    words = []
    for column in ("city", "type"):
        values = {getattr(restaurant, column) for restaurant in restaurants}
        if len(values) == 1 and (value := values.pop()):
            words.append(value)
    return " ".join([*(words or ["Registrations"]), f"Q{(day.month + 2) // 3}"])


def read_pipeline_by_type(config: dict[str, Any], defaults: Mapping[str, str]) -> dict[str, str]:
    """Which type of restaurant goes through which pipeline, of the configuration, from which it is taken out."""
    given = config.pop("pipeline_by_type", None)
    if given is None:
        given = defaults
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given.values()):
        raise ParamsNotValid("pipeline_by_type: an object of pipeline keys by type of restaurant")
    return {str(name).casefold(): key for name, key in given.items()}


@raises(BatchEmpty, RestaurantsUnknown, submission.submit)
async def submit_registrations(
    session: AsyncSession,
    caller: Caller,
    desk: Desk,
    body: RegistrationBatchCreate,
    *,
    pipeline_by_type: Mapping[str, str],
    max_jobs: int,
) -> BatchCreated:
    """Write a batch with a job for each restaurant; raises RestaurantsUnknown (422) naming those that are not there."""
    registry = desk.registry
    ids = list(dict.fromkeys(body.restaurant_ids))
    if not ids:
        raise BatchEmpty("Name at least one restaurant.")
    submission.check_count(len(ids), max_jobs)
    found = await repository.list_restaurants_by_id(session, caller.organisation_id, ids)
    if missing := [str(restaurant_id) for restaurant_id in ids if restaurant_id not in found]:
        detail = f"{len(missing)} of the restaurants do not exist."
        raise RestaurantsUnknown(detail, restaurant_ids=missing[:IDS_TOLD])
    restaurants = [found[restaurant_id] for restaurant_id in ids]
    config = dict(body.common_config)
    by_type = read_pipeline_by_type(config, pipeline_by_type)
    by_type = {name: registry.get(key).key for name, key in by_type.items()}
    jobs = await made_in_parts(restaurants, lambda one: job_of(one, by_type, PIPELINE_KEY), JOBS_AT_ONCE)
    used = list(dict.fromkeys([PIPELINE_KEY, *(job.pipeline for job in jobs if job.pipeline)]))
    single = len(jobs) == 1 and body.name is None
    name = body.name or (None if single else batch_name(restaurants, await _today(session, caller)))
    options = BatchOptions(
        pipelines=used,
        pipeline=None,
        params={key: _params_for(registry, key, config) for key in used} if len(used) > 1 else config,
        name=name,
        **body.model_dump(include=set(BatchOptions.model_fields) - {"name"}, exclude_unset=True),
        **({} if "start" in body.model_fields_set else {"start": False}),
    )
    return await submission.submit(session, caller, desk, options, jobs, max_jobs=max_jobs, single=single)


async def _today(session: AsyncSession, caller: Caller) -> date:
    """The day where the organisation is."""
    return datetime.now(zone_of(await get_organisation(session, caller.organisation_id))).date()


def _params_for(registry: Registry, key: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The common configuration, as far as a pipeline with parameters of its own takes it."""
    params = registry.get(key).params
    takes_all = params.model_config.get("extra") == "allow"
    return {name: value for name, value in config.items() if takes_all or name in params.model_fields}
