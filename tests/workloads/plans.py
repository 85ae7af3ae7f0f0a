"""A workload whose plan fails when a file says so."""

from __future__ import annotations

import os
from collections.abc import Sequence

from app.pipelines.contract import Params, Pipeline, Step, StepContext


class FragileParams(Params):
    """The plan fails while this file exists."""

    broken: str
    word: str = "nothing"


fragile = Pipeline("fragile-plan", title="Its plan may fail", params=FragileParams, accepts=("record",))


async def say(ctx: StepContext) -> dict[str, str]:
    return {"said": ctx.params.word}


@fragile.plan
def make_steps(params: FragileParams) -> Sequence[Step]:
    if os.path.exists(params.broken):
        raise ZeroDivisionError("a plan that cannot be made")
    return [Step("say", say)]
