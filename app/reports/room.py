"""The room of the workload `data-report`."""

from __future__ import annotations

from app.kit.room import Room
from app.reports import models, repository
from app.reports.comparison_router import router as comparison_router
from app.reports.pipeline import pipeline
from app.reports.read_again_router import router as read_again_router
from app.reports.router import router

room = Room(
    name="reports",
    routers=(router, comparison_router, read_again_router),
    models=models,
    pipelines=lambda container: (pipeline,),
    child_modules=("app.reports.profiling",),
    expiring=(repository.delete_expired,),
    streamed_forms=("/api/batch-reports",),
)
