"""Changing what a batch is called: its folder and its ZIP go with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.auth.repository import get_organisation
from app.batches import log, repository, service
from app.batches.desk import Desk
from app.batches.directory_names import claim_name, make_namer
from app.batches.models import Batch
from app.batches.naming import directory_of_name, name_of_source
from app.batches.schemas import BatchUpdate
from app.kit.declarations import raises
from app.pipelines.registry import Registry


@raises(service.get_locked)
async def change(session: AsyncSession, caller: Caller, desk: Desk, batch_id: UUID, body: BatchUpdate) -> None:
    """Change what can be changed of a batch; members that are null stay as they are, but for the customer."""
    batch = await service.get_locked(session, caller, batch_id)
    sent = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in sent.items() if value is not None or name == "customer_prefix"}
    if "metadata" in changes:
        changes["metadata_"] = changes.pop("metadata")
    if "customer_prefix" in changes:
        changes["mixed_customers"] = False
    if "name" in changes:
        if changes["name"] != batch.name:
            wanted = directory_of_name(changes["name"])
            changes["base_directory_name"] = await claim_name(session, batch.organisation_id, wanted)
        changes["name_given"] = True
    elif not batch.name_given and changes.keys() & {"description", "customer_prefix"}:
        changes |= await _derived_name(session, desk.registry, batch, changes)
    more = changes.get("max_parallel", 0) - batch.max_parallel
    if changes:
        await session.execute(update(Batch).where(Batch.id == batch_id).values(changes))
        await log.announce(session, [(caller.organisation_id, batch_id)])
    if more > 0 and batch.status in ("pending", "processing"):
        await desk.notifier.notify(session, batch_id, more)  # who runs its jobs looks again only when one of them ends


async def _derived_name(
    session: AsyncSession, registry: Registry, batch: Batch, changes: dict[str, Any]
) -> dict[str, str]:
    """The name that a batch nobody named gets with these changes; nothing when it stays what it is."""
    sources = await repository.list_sources(session, batch.id)
    names = [name_of_source(source.filename, source.source_url) for source in sources]
    organisation = await get_organisation(session, batch.organisation_id)
    namer = await make_namer(session, registry.find(batch.pipeline_id), organisation, names)
    kinds = [source.source_type for source in sources]

    def directory(description: str | None, prefix: str | None) -> str:
        return namer.directory_of(prefix, namer.description_of(names, kinds, description), batch.created_at)

    wanted = directory(
        changes.get("description", batch.description), changes.get("customer_prefix", batch.customer_prefix)
    )
    if wanted == directory(batch.description, batch.customer_prefix):
        return {}
    claimed = await claim_name(session, batch.organisation_id, wanted)
    own = {"name": claimed} if batch.name == batch.base_directory_name else {}
    return {"base_directory_name": claimed, **own}
