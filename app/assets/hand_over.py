"""The pipeline `hand-over`: brings an ended batch to other systems, each file and each board as a job of its own.

So every part is retried by itself, shows in the log, and can be run again with retry-failed. The jobs' records say what
to do: `{"batch_id", "to": "dropbox_folder" | "dropbox_files" | "monday", "job_id"}`.
"""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.assets.accounts import DropboxAccount, MondayAccount
from app.assets.dropbox import Dropbox
from app.assets.models import KEY, HandOver
from app.assets.monday import Monday
from app.batches import repository
from app.batches.models import Batch
from app.batches.naming import job_folder
from app.connections.service import Connections
from app.files.names import archive_name
from app.pipelines.contract import Pipeline, StepContext, Stop


class Order(BaseModel):
    """A job's record."""

    batch_id: UUID
    to: Literal["dropbox_folder", "dropbox_files", "monday"]
    job_id: UUID | None = None


_GONE: Final = Stop("BATCH_GONE", "The batch to hand over is no longer there.")


def hand_over_pipeline() -> Pipeline:
    """The pipeline; it uses the accounts of the batch's organisation."""
    pipeline = Pipeline(
        KEY,
        title="Hand-over",
        label="Hand-over",
        description="Brings the results of an ended batch to Dropbox, and the batch to a board of monday.com.",
        accepts=("record",),
        max_parallel=4,
    )

    @pipeline.step(max_retries=5, timeout=1800)
    async def handing_over(ctx: StepContext) -> Stop | dict[str, Any]:
        try:
            order = Order.model_validate(dict(ctx.job.record or {}))
        except ValidationError:
            return Stop("ORDER_NOT_READABLE", "The record does not say which batch goes where.")
        connections, organisation_id = ctx.resource(Connections), ctx.batch.organisation_id
        if order.to == "monday":
            board = await connections.find(organisation_id, MondayAccount)
            if board is None:
                return Stop("MONDAY_NOT_SET_UP", "The organisation has no account for monday.com.")
            return await _sync(ctx, order, board.account.client(ctx.http))
        dropbox = await connections.find(organisation_id, DropboxAccount)
        if dropbox is None:
            return Stop("DROPBOX_NOT_SET_UP", "The organisation has no account for Dropbox.")
        carry_out = _make_folder if order.to == "dropbox_folder" else _upload
        return await carry_out(ctx, order, dropbox.account.client(ctx.http))

    return pipeline


async def _find(session: AsyncSession, ctx: StepContext, order: Order) -> Batch | None:
    row = await repository.find_batch(session, ctx.batch.organisation_id, order.batch_id)
    return row[0] if row else None


async def _keep(ctx: StepContext, batch: Batch, **ids: str) -> None:
    """Ids of the other system are kept as soon as they are known. No event: a batch's log ends with its end."""
    async with ctx.transaction() as session:
        await session.execute(update(Batch).where(Batch.id == batch.id).values(updated_at=func.now()))
        await session.execute(update(HandOver).where(HandOver.batch_id == batch.id).values(ids))


async def _make_folder(ctx: StepContext, order: Order, dropbox: Dropbox) -> Stop | dict[str, Any]:
    async with ctx.transaction() as session:
        batch = await _find(session, ctx, order)
    if batch is None:
        return _GONE
    path = dropbox.path(archive_name(batch.base_directory_name))
    folder_id = await dropbox.ensure_folder(path)
    await _keep(ctx, batch, dropbox_directory_id=folder_id[:255])
    return {"path": path, "dropbox_directory_id": folder_id}


async def _upload(ctx: StepContext, order: Order, dropbox: Dropbox) -> Stop | dict[str, Any]:
    async with ctx.transaction() as session:
        batch = await _find(session, ctx, order)
        found = await repository.find_job(session, ctx.batch.organisation_id, order.job_id) if order.job_id else None
        outputs = await repository.list_outputs(session, found[0].id) if found else []
    if batch is None or found is None or found[0].batch_id != batch.id:
        return _GONE
    job, pipeline = found[0], found[1]
    folder = job_folder(job.sequence, job.filename, pipeline if batch.total_pipelines > 1 else None)
    size = 0
    for place, (output, file) in enumerate(outputs):
        await ctx.report(place / len(outputs), output.name)
        path = dropbox.path(archive_name(batch.base_directory_name), archive_name(folder), archive_name(output.name))
        size += await dropbox.upload(path, ctx.content(file.sha256).chunks())
    return {"files": len(outputs), "size": size}


async def _sync(ctx: StepContext, order: Order, board: Monday) -> Stop | dict[str, Any]:
    async with ctx.transaction() as session:
        batch = await _find(session, ctx, order)
        known = await session.get(HandOver, order.batch_id)
    if batch is None:
        return _GONE
    facts = {
        "status": batch.status,
        "customer_prefix": batch.customer_prefix or "",
        "description": batch.description or "",
        "total_files": str(batch.total_files),
        "failed_jobs": str(batch.failed_jobs),
        "created_at": f"{batch.created_at:%Y-%m-%d}",
    }
    name = batch.name if batch.name_given else batch.base_directory_name
    item_id = await board.sync(known.monday_item_id if known else None, name, facts)
    await _keep(ctx, batch, monday_item_id=item_id[:255])
    return {"monday_item_id": item_id}
