"""The pipeline `link-watch`: one job for each URL."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.pipelines import Pipeline, Retry, StepContext
from tranche_link_watch.models import Link

pipeline = Pipeline(
    "link-watch",
    title="Watch links",
    label="Links",
    description="Asks each URL whether it still answers.",
    accepts=("url",),
    max_parallel=16,
)


@pipeline.step(max_retries=2, timeout=30)
async def ask(ctx: StepContext) -> Retry | dict[str, Any]:
    """A link that answers with an error is a result; one that does not answer is asked again, and then is one too."""
    assert ctx.job.source_url
    try:
        async with ctx.http.stream("GET", ctx.job.source_url) as reply:
            status = reply.status_code
    except httpx.TransportError as error:
        return {"url": ctx.job.source_url, "status": None, "trouble": type(error).__name__}
    if status == 429:
        return Retry(after=30, code="ASKED_TO_WAIT", message="The server asks for patience.")
    return {"url": ctx.job.source_url, "status": status, "trouble": None}


@pipeline.on_success
async def remember(session: AsyncSession, ctx: StepContext) -> None:
    found = ctx.outputs["ask"]
    values = {"status": found["status"], "checked_at": func.now()}
    row = insert(Link).values(organisation_id=ctx.batch.organisation_id, url=found["url"], **values)
    await session.execute(row.on_conflict_do_update(index_elements=["organisation_id", "url"], set_=values))


@pipeline.on_batch_end
def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    results = [job["result"] for job in jobs if job["status"] == "completed"]
    broken = [result["url"] for result in results if not result["status"] or result["status"] >= 400]
    return {"links": len(results), "broken": len(broken), "broken_urls": broken[:100]}
