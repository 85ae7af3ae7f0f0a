"""One process of the service: everything it holds, put together and started in order."""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.assets.hand_over_sweep import HandOverSweep
from app.auth import service as auth_service
from app.automation.scheduler import Scheduler
from app.automation.service import TemplateRunner
from app.events.hub import Hub
from app.files.storage import Storage
from app.kit import migrations
from app.kit.db import Database
from app.kit.outbound import outbound_client
from app.kit.postgres import EmbeddedPostgres
from app.kit.sandbox import Sandbox
from app.kit.service import Service, running
from app.kit.signing import SigningKey
from app.notifications.mail_channel import MailChannel
from app.notifications.sender import Sender
from app.notifications.webhook_channel import WebhookChannel
from app.pipelines.discovery import discover
from app.pipelines.registry import Registry
from app.registrations.platform import OrderingPlatform
from app.results.service import ResultCodes
from app.runner import engine, functions
from app.runner.context import Resources
from app.runner.engine import EngineNotifier
from app.runner.runner import Runner
from app.runner.siblings import Siblings
from app.settings import Settings
from app.workloads import CHILD_MODULES, EXPIRING, ITEM_SOURCES, ai_provider_of, built_in, platform_of


class Installation:
    """One process of the service: everything it holds, started in the order in which things need each other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        url = settings.database_url
        self.postgres = None if url else EmbeddedPostgres(settings.home)
        dsn = url.get_secret_value() if url else self.postgres.dsn if self.postgres else ""
        self.database = Database(dsn, pool_size=settings.database_pool_size)
        self.storage = Storage(settings.home, settings.storage_url)
        self.ai_provider = ai_provider_of(settings)
        self.registry = Registry((*built_in(settings, self.ai_provider), *discover(settings.pipelines_dir)))
        self.platform = platform_of(settings)
        self.hub = Hub(self.database, settings)
        self.notifier = EngineNotifier()
        self.signing_key = SigningKey(settings.home, settings.secret_key)
        self.result_codes = ResultCodes(self.signing_key)
        sources = {source.key: source for source in ITEM_SOURCES}
        self.sender = self._make_sender()
        self.template_runner = TemplateRunner(self.registry, self.notifier, sources, settings.max_files)
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
                    hand_over = HandOverSweep(self.database, self.registry, self.notifier)
                    services += [sandbox, self.platform, self.runner, self.sender, scheduler, hand_over]
                if serve_http:
                    await self._welcome()
                    services.append(self.hub)
                async with running(services):
                    yield

    def _make_sender(self) -> Sender:
        settings = self.settings
        webhooks = WebhookChannel(
            self.database, self.signing_key, base_url=settings.base_url, allow=settings.outbound_allow_list
        )
        mail = MailChannel(
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
