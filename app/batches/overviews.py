"""What the results of a batch come to together, as its pipelines say it."""

from __future__ import annotations

import logging

from app.batches.models import Batch
from app.batches.responses import pipelines_of
from app.batches.submission import params_of
from app.kit.db import Database
from app.pipelines.contract import BatchInfo, Overview
from app.pipelines.models import PipelineRow
from app.pipelines.registry import Registry

log = logging.getLogger("tranche.overviews")


async def read_overviews(database: Database, registry: Registry, batch: Batch, primary: PipelineRow) -> list[Overview]:
    """Those of the batch's pipelines that this process has and that say something. One that fails says nothing."""
    found = []
    keys = set(pipelines_of(batch, primary))
    for pipeline in registry:
        if pipeline.key not in keys or pipeline.overview_hook is None:
            continue
        settings = params_of(batch, pipeline.key)
        info = BatchInfo(batch.id, batch.organisation_id, batch.name, settings, batch.metadata_, batch.result_codes)
        try:
            async with database.transaction() as session:
                overview = await pipeline.overview_hook(session, info)
        except Exception:
            log.exception("%s: the overview of batch %s failed", pipeline.key, batch.id)
            continue
        if overview:
            found.append(overview)
    return found
