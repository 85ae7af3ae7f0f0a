"""The web application: every room's routes, on one installation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from app.accounts.keys_router import router as keys_router
from app.accounts.router import router as accounts_router
from app.auth.caller import Callers
from app.automation.router import router as templates_router
from app.automation.schedules_router import router as schedules_router
from app.batches.archive_router import router as archive_router
from app.batches.command_router import router as command_router
from app.batches.insight_router import router as insight_router
from app.batches.router import router as batches_router
from app.batches.submit_router import router as submit_router
from app.console.router import router as console_router
from app.events.list_router import router as events_list_router
from app.events.openapi_docs import describe_events
from app.events.router import router as events_router
from app.extractions.router import router as extractions_router
from app.files.router import router as files_router
from app.files.storage_router import router as storage_router
from app.installation import Installation
from app.kit.body_limit import BodyLimit
from app.kit.errors import install_error_handlers
from app.kit.rate_limit import RateLimit
from app.notifications.router import router as notifications_router
from app.pipelines.router import router as pipelines_router
from app.plays.mappings_router import router as mappings_router
from app.plays.router import router as plays_router
from app.plays.runs_router import router as play_runs_router
from app.registrations.batch_router import router as registration_batches_router
from app.registrations.router import router as restaurants_router
from app.reports.router import router as reports_router
from app.results.html_page_router import router as result_page_router
from app.results.public_router import router as public_results_router
from app.results.router import router as results_router
from app.runner.router import router as operations_router
from app.runner.waiting_router import router as waiting_router
from app.runner.worker_router import router as worker_router
from app.settings import Settings

DESCRIPTION = "Submit many things, process each in stages, watch it live, get the results."


def create_app(settings: Settings) -> FastAPI:
    """The web application; everything behind it starts and stops with its lifespan."""
    installation = Installation(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            started = installation.started(serve_http=True, run_jobs=settings.worker == "embedded")
            try:
                await stack.enter_async_context(started)
            except Exception as error:
                app.state.not_started = error
                raise
            app.state.runner = installation.runner
            yield

    def operation_id(route: APIRoute) -> str:
        return route.name

    app = FastAPIOffline(
        title="Tranche",
        version=version("tranche"),
        description=DESCRIPTION,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        redoc_url=None,
        favicon_url="/console/mark.svg",
    )
    app.state.settings, app.state.installation, app.state.not_started = settings, installation, None
    app.state.callers = Callers(installation.database)
    app.state.database, app.state.storage = installation.database, installation.storage
    app.state.registry, app.state.hub = installation.registry, installation.hub
    app.state.notifier, app.state.runner = installation.notifier, None
    app.state.result_codes = installation.result_codes
    app.state.signing_key = installation.signing_key
    app.state.play_writes = RateLimit(settings.play_writes_per_minute)
    app.state.template_runner = installation.template_runner
    app.add_middleware(
        BodyLimit,
        limit=settings.max_json_bytes,
        overrides={"/api/batches": settings.max_submit_bytes},
        raw=("/api/files/*", "/api/restaurants/import", "/api/restaurants/*/menu"),
        multipart=("/api/jobs", "/api/jobs/batch", "/api/batch-reports"),
    )
    install_error_handlers(app)
    for router in (
        accounts_router,
        keys_router,
        files_router,
        pipelines_router,
        submit_router,
        batches_router,
        command_router,
        archive_router,
        insight_router,
        waiting_router,
        restaurants_router,
        events_router,
        events_list_router,
        results_router,
        public_results_router,
        result_page_router,
        extractions_router,
        notifications_router,
        operations_router,
        worker_router,
        storage_router,
        reports_router,
        templates_router,
        schedules_router,
        plays_router,
        mappings_router,
        play_runs_router,
        console_router,
    ):
        app.include_router(router)
    app.include_router(registration_batches_router, prefix="/api")
    app.include_router(registration_batches_router, include_in_schema=False)  # the documented path without /api
    describe_events(app)
    return app
