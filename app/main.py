"""The composition root: the only file that sees every room."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from app.assets.contact_sheet import pipeline as contact_sheet
from app.assets.hand_over import Connections, hand_over_pipeline
from app.assets.hand_over_sweep import HandOverSweep
from app.assets.originals import pipeline as originals
from app.assets.web_images import pipeline as web_images
from app.auth import service as auth_service
from app.auth.caller import Callers
from app.auth.router import router as auth_router
from app.automation.router import router as templates_router
from app.automation.scheduler import Scheduler
from app.automation.schedules_router import router as schedules_router
from app.automation.service import TemplateRunner
from app.batches.archive_router import router as archive_router
from app.batches.command_router import router as command_router
from app.batches.insight_router import router as insight_router
from app.batches.router import router as batches_router
from app.batches.sources import ItemSource
from app.batches.submit_router import router as submit_router
from app.console.router import router as console_router
from app.events.hub import Hub
from app.events.list_router import router as events_list_router
from app.events.router import router as events_router
from app.events.table import describe_events
from app.extractions.pipeline import make_pipeline as make_pdf_extraction
from app.extractions.provider import Provider
from app.extractions.router import router as extractions_router
from app.files.router import router as files_router
from app.files.storage import Storage
from app.files.storage_router import router as storage_router
from app.kit import migrations
from app.kit.db import Database
from app.kit.errors import install_error_handlers
from app.kit.limits import BodyLimit
from app.kit.outbound import outbound_client
from app.kit.postgres import EmbeddedPostgres
from app.kit.rates import RateLimit
from app.kit.sandbox import Sandbox
from app.kit.service import Service, running
from app.kit.signing import SigningKey
from app.notifications.mail_courier import MailCourier
from app.notifications.router import router as notifications_router
from app.notifications.sender import Sender
from app.notifications.webhook_courier import WebhookCourier
from app.pipelines.contract import Pipeline
from app.pipelines.discovery import discover
from app.pipelines.registry import Registry
from app.pipelines.router import router as pipelines_router
from app.plays.mappings_router import router as mappings_router
from app.plays.pipeline import play_pipeline
from app.plays.providers import providers_of
from app.plays.router import router as plays_router
from app.plays.runs_router import router as play_runs_router
from app.registrations.batch_router import router as registration_batches_router
from app.registrations.pipeline import pipeline as restaurant_registration
from app.registrations.platform import OrderingPlatform, read_description
from app.registrations.router import router as restaurants_router
from app.registrations.source import RestaurantSource
from app.reports import repository as report_repository
from app.reports.pipeline import pipeline as data_report
from app.reports.router import router as reports_router
from app.results.page_router import router as result_page_router
from app.results.public_router import router as public_results_router
from app.results.router import router as results_router
from app.results.service import ResultCodes
from app.runner import engine, functions
from app.runner.context import Resources
from app.runner.engine import EngineDoorbell
from app.runner.router import router as operations_router
from app.runner.runner import Runner
from app.runner.siblings import Siblings
from app.runner.waiting_router import router as waiting_router
from app.runner.worker_router import router as worker_router
from app.settings import Settings

log = logging.getLogger("tranche")
ITEM_SOURCES: tuple[ItemSource, ...] = (RestaurantSource(),)
"""Rows of workloads that templates can take their items from."""
CHILD_MODULES = (
    "app.extractions.sheet",
    "app.extractions.text_layer",
    "app.reports.profile",
    "app.assets.images",
    "app.assets.sheets",
)
"""What sandboxed children need: imported once, by the process they are forked from."""
EXPIRING = (report_repository.delete_expired,)
"""What housekeeping asks the workloads to remove because its time is over."""
DESCRIPTION = "Submit many things, process each in stages, watch it live, get the results."


def built_in(settings: Settings, ai_provider: Provider | None) -> tuple[Pipeline, ...]:
    """The workloads that come with the service, set up with what they reach outside of it."""
    providers = providers_of(
        hubspot_url=settings.hubspot_url,
        hubspot_token=settings.hubspot_token.get_secret_value() if settings.hubspot_token else None,
        data_url=settings.data_provider_url,
        data_token=settings.data_provider_token.get_secret_value() if settings.data_provider_token else None,
    )
    connections = Connections(
        dropbox_token=settings.dropbox_token,
        dropbox_url=settings.dropbox_url,
        dropbox_content_url=settings.dropbox_content_url,
        dropbox_folder=settings.dropbox_folder,
        monday_token=settings.monday_token,
        monday_url=settings.monday_url,
        monday_board=settings.monday_board,
        monday_columns=settings.monday_columns,
    )
    assets = (web_images, contact_sheet, originals, hand_over_pipeline(connections))
    return (make_pdf_extraction(ai_provider), data_report, *assets, play_pipeline(providers), restaurant_registration)


class Installation:
    """One process of the service: everything it holds, started in the order in which things need each other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        url = settings.database_url
        self.postgres = None if url else EmbeddedPostgres(settings.home)
        dsn = url.get_secret_value() if url else self.postgres.dsn if self.postgres else ""
        self.database = Database(dsn, pool_size=settings.database_pool_size)
        self.storage = Storage(settings.home, settings.storage_url)
        self.ai_provider = _ai_provider(settings)
        self.registry = Registry((*built_in(settings, self.ai_provider), *discover(settings.pipelines_dir)))
        token = settings.platform_token.get_secret_value() if settings.platform_token else None
        self.platform = OrderingPlatform(settings.platform_url, token, read_description(settings.platform_file))
        self.hub = Hub(self.database, settings)
        self.doorbell = EngineDoorbell()
        self.signing_key = SigningKey(settings.home, settings.secret_key)
        self.result_codes = ResultCodes(self.signing_key)
        sources = {source.key: source for source in ITEM_SOURCES}
        self.template_runner = TemplateRunner(self.registry, self.doorbell, sources, settings.max_files)
        self.runner: Runner | None = None
        self.sign_in_token: str | None = None

    @asynccontextmanager
    async def started(self, *, serve_http: bool, run_jobs: bool) -> AsyncIterator[None]:
        """Everything up, the schema current, and the first administrator there."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        async with running([self.postgres] if self.postgres else []):
            await self.migrate()
            async with (
                running([self.database, self.storage, self.signing_key]),
                outbound_client(allow=self.settings.outbound_allow_list) as http,
            ):
                async with self.database.transaction() as session:
                    await self.registry.save(session)
                services: list[Service] = []
                if run_jobs:
                    sandbox = Sandbox(
                        workers=self.settings.child_processes,
                        memory_bytes=self.settings.child_memory_bytes,
                        cpu_seconds=self.settings.child_cpu_seconds,
                        preload=[*CHILD_MODULES, *_modules_of(self.registry)],
                    )
                    resources = Resources(
                        self.database,
                        self.storage,
                        sandbox,
                        self.registry,
                        http,
                        self.settings.max_file_bytes,
                        siblings=Siblings(self.database),
                        others={OrderingPlatform: self.platform, Storage: self.storage},
                        expiring=EXPIRING,
                        share=self.result_codes.share,
                    )
                    self.runner = Runner(
                        self.database,
                        resources,
                        slots=self.settings.worker_slots,
                        shutdown_seconds=self.settings.shutdown_seconds,
                    )
                    services += [self.ai_provider] if self.ai_provider else []
                    scheduler = Scheduler(self.database, self.template_runner)
                    hand_over = HandOverSweep(self.database, self.registry, self.doorbell)
                    services += [sandbox, self.platform, self.runner, self._sender(), scheduler, hand_over]
                if serve_http:
                    await self._welcome()
                    services.append(self.hub)
                async with running(services):
                    yield

    def _sender(self) -> Sender:
        settings = self.settings
        webhooks = WebhookCourier(
            self.database, self.signing_key, base_url=settings.base_url, allow=settings.outbound_allow_list
        )
        mail = MailCourier(
            self.database, server=settings.smtp_url, sender=settings.mail_from, base_url=settings.base_url
        )
        return Sender(self.database, [webhooks, mail])

    async def migrate(self, revision: str = "head") -> str | None:
        """Bring the schema to a revision, and add what the engine and the runner need in schemas of their own."""
        async with migrations.migration_lock(self.database.connect) as connection:
            reached = await migrations.migrate(self.database.connect, connection, revision)
            if revision == "head":
                await engine.install(connection)
                await functions.install(connection)
        return reached

    async def _welcome(self) -> None:
        wanted = self.settings.admin_key.get_secret_value() if self.settings.admin_key else None
        async with self.database.transaction() as session:
            admin, fresh_key = await auth_service.ensure_first_admin(session, wanted)
            self.sign_in_token = await auth_service.add_session(session, admin.id, "link")
            if fresh_key:  # written before the commit: a key that nobody can read is worse than one that is not valid
                _write_private(self.settings.home / "admin.key", fresh_key + "\n")


def _ai_provider(settings: Settings) -> Provider | None:
    if settings.ai_provider is None:
        return None
    return Provider(
        settings.ai_provider,
        model=settings.ai_model,
        key=settings.ai_key.get_secret_value() if settings.ai_key else "",
        base_url=settings.ai_base_url,
        timeout=settings.ai_timeout_seconds,
        max_file_bytes=settings.ai_max_file_bytes,
        max_output_tokens=settings.ai_max_output_tokens,
        parallel=settings.ai_parallel,
    )


def _modules_of(registry: Registry) -> list[tuple[str, str]]:
    """The modules, with their files, of workloads that were dropped in: their children need not import them anew."""
    functions = [step.run for pipeline in registry for step in pipeline.steps]
    found = {(function.__module__, inspect.getsourcefile(function) or "") for function in functions}
    return sorted(entry for entry in found if not entry[0].startswith("app."))


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        os.fchmod(handle, 0o600)
        file.write(text)


def create_app(settings: Settings) -> FastAPI:
    """The web application; everything behind it starts and stops with its lifespan."""
    installation = Installation(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with installation.started(serve_http=True, run_jobs=settings.worker == "embedded"):
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
    app.state.settings, app.state.installation = settings, installation
    app.state.callers = Callers(installation.database)
    app.state.database, app.state.storage = installation.database, installation.storage
    app.state.registry, app.state.hub = installation.registry, installation.hub
    app.state.doorbell, app.state.runner = installation.doorbell, None
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
        auth_router,
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
    app.include_router(registration_batches_router, include_in_schema=False)  # the path that document 004 gives them
    describe_events(app)
    return app
