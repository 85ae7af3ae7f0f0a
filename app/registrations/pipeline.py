"""The pipeline `restaurant-registration`: twelve steps on an ordering platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.pipelines.contract import FailurePolicy, Need, Pipeline, Step, StepContext
from app.registrations.models import PIPELINE_KEY, Restaurant
from app.registrations.params import RegistrationParams
from app.registrations.steps import registration_step

TWELVE_STEPS: Final[tuple[Step, ...]] = (
    registration_step("account"),
    registration_step("owner_verification"),
    registration_step("location_hours"),
    registration_step("csv_upload"),
    registration_step("images", when=lambda ctx: bool(ctx.outputs["csv_upload"]["images"])),
    registration_step("option_sets", when=lambda ctx: bool(ctx.outputs["csv_upload"]["option_sets"])),
    registration_step("item_tags", when=lambda ctx: bool(ctx.outputs["csv_upload"]["tagged"])),
    registration_step("website"),
    registration_step("services"),
    registration_step("payments"),
    registration_step("test_order"),
    registration_step("go_live"),
)


def registration_pipeline(
    key: str, title: str, description: str = "", *, steps: Sequence[Step] = TWELVE_STEPS
) -> Pipeline:
    """A pipeline that registers restaurants: the twelve steps, or steps of your own among them.

    Sequential, and paused when more than half of the restaurants failed; what `account` and `go_live` keep is written
    to the restaurant when its job completes.
    """
    made = Pipeline(
        key,
        title=title,
        label="Registration",
        description=description,
        params=RegistrationParams,
        mode="sequential",
        accepts=("record",),
        failure_policy=FailurePolicy(0.5, "pause"),
        steps=list(steps),
    )
    made.steps_for(RegistrationParams())
    made.on_success(save_account)
    made.on_batch_end(summarise)
    made.needs(platform_wanted)
    return made


async def platform_wanted(need: Need) -> set[str]:
    """A platform, unless the configuration brings its own."""
    return set() if getattr(need.params, "base_url", None) else {"platform"}


async def save_account(session: AsyncSession, ctx: StepContext) -> None:
    """The restaurant is live, in the transaction that completes its job."""
    kept = {**ctx.outputs.get("account", {}), **ctx.outputs.get("go_live", {})}
    account = {"id": ctx.outputs.get("account", {}).get("id"), "url": kept.get("url")}
    mine = (Restaurant.id == (ctx.job.record or {})["restaurant_id"],)
    statement = update(Restaurant).where(*mine, Restaurant.organisation_id == ctx.batch.organisation_id)
    await session.execute(statement.values(account=account, live_at=func.clock_timestamp()))


def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many restaurants went live, and which failed."""
    failed = [str(job["filename"]) for job in jobs if job["status"] == "failed"]
    return {
        "restaurants": len(jobs),
        "successful": sum(job["status"] == "completed" for job in jobs),
        "failed": len(failed),
        "failed_restaurants": failed[:100],
    }


pipeline = registration_pipeline(
    PIPELINE_KEY, "Restaurant registration", "Twelve steps on an ordering platform, each read back."
)
