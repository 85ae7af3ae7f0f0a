"""Franchises are registered with a step of their own, between the test order and going live.

Put this file into the folder TRANCHE_PIPELINES_DIR, and say which restaurants it is for:
"common_config": {"pipeline_by_type": {"Franchise": "franchise-registration"}}
"""

from __future__ import annotations

from app.pipelines import Step, StepContext, Stop
from app.registrations.pipeline import TWELVE_STEPS, registration_pipeline
from app.registrations.steps import load_subject


async def loyalty_programme(ctx: StepContext) -> Stop | dict[str, str]:
    restaurant = (await load_subject(ctx)).restaurant
    programme = restaurant.attributes.get("loyalty")
    if not programme:
        return Stop("LOYALTY_MISSING", f"{restaurant.name} takes part in no loyalty programme.")
    return {"programme": programme, "account": ctx.outputs["account"]["id"]}


pipeline = registration_pipeline(
    "franchise-registration",
    "Franchise registration",
    steps=[*TWELVE_STEPS[:-1], Step("loyalty_programme", loyalty_programme), TWELVE_STEPS[-1]],
)
