"""What a room says of itself. `app/rooms.py` lists the rooms, and an installed package may add one of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp

from app.kit.container import Container, Factory
from app.kit.health import HealthCheck
from app.kit.metrics import Figures
from app.kit.secrets.sealed_columns import SealedColumn
from app.kit.secrets.signing import SigningKey
from app.kit.service import Service

Services = Callable[[Container], Iterable[Service]]
Install = Callable[["asyncpg.Connection[asyncpg.Record]"], Awaitable[None]]
Expire = Callable[[AsyncSession], Awaitable[int]]
Count = Callable[[AsyncSession, Sequence[UUID]], Awaitable[Mapping[UUID, Mapping[str, int]]]]
Reseal = Callable[[AsyncSession, SigningKey], Awaitable[int]]


class Middleware(Protocol):
    """A class of ASGI middleware."""

    def __call__(self, app: ASGIApp, /, *, container: Container) -> ASGIApp: ...


def nothing(container: Container) -> tuple[Any, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Everything by which a room takes part in the service.

    Rooms are started in the order of their list and stopped in reverse. What only an API process needs is in
    `http_services`, what only a process that runs jobs needs in `job_services`.
    """

    name: str
    """As its folder is called; an installed package takes its own name."""
    routers: tuple[APIRouter, ...] = ()
    models: ModuleType | None = None
    """The module of its tables."""
    migrations: Path | None = None
    """A folder of migrations: a branch of their own, labelled with the room's name."""
    settings: type[Any] | None = None
    """A subclass of `app.settings.Section`."""
    provides: Mapping[Any, Factory] = field(default_factory=dict)
    """Kinds of objects that it makes, for itself and for the rooms above it."""
    services: Services = nothing
    http_services: Services = nothing
    job_services: Services = nothing
    install: tuple[Install, ...] = ()
    """Run whenever the schema has been brought to its newest revision, under the lock of the migrations."""
    pipelines: Callable[[Container], Iterable[Any]] = nothing
    """`Pipeline`s of `app.pipelines.contract`."""
    result_views: Mapping[str, Path] = field(default_factory=dict)
    """For the key of a pipeline the ES module that shows its results in the console: see docs/console.md."""
    connections: Callable[[Container], Iterable[Any]] = nothing
    """`ConnectionKind`s of `app.connections.contract`: outside services that each organisation has accounts of."""
    child_modules: tuple[str, ...] = ()
    """What its sandboxed children need: imported once, by the process that they are forked from."""
    quota_counts: Mapping[str, Callable[[AsyncSession, UUID], Awaitable[int]]] = field(default_factory=dict)
    """For quotas of `app.limits.quotas`: how much of it an organisation has."""
    middleware: tuple[Middleware, ...] = ()
    """ASGI middleware, made with the application it stands before and the `container`. While there is some that
    `events/openings.py` does not know, streams are opened by the application, which costs more."""
    expiring: tuple[Expire, ...] = ()
    """Each removes rows whose time is over, in a transaction of its own, and says how many; called once a minute."""
    expiring_as_set: Callable[[Container], Iterable[Expire]] = nothing
    """The same, for what is kept as long as a setting says."""
    resealing: tuple[Reseal, ...] = ()
    """While the installation's secret is being replaced each moves rows over to the current one, a transaction's worth,
    and says how many; called until none is left."""
    sealed: tuple[SealedColumn, ...] = ()
    """Columns of its tables with encrypted secrets in them."""
    organisation_figures: tuple[Count, ...] = ()
    """Each counts what it has of some organisations, under names of its own; organisations may be missing."""
    batch_extensions: tuple[Any, ...] = ()
    """`BatchExtension`s of `app.batches.extensions`: what it adds to submissions and replies of batches."""
    job_extensions: tuple[Any, ...] = ()
    """The same for jobs."""
    item_sources: tuple[Any, ...] = ()
    """`ItemSource`s of `app.batches.item_sources`: rows that templates can take their items from."""
    streamed_bodies: tuple[str, ...] = ()
    """Paths, with `*` for anything, whose routes read the body as it comes and watch over its size themselves."""
    streamed_forms: tuple[str, ...] = ()
    """The same for paths where only multipart bodies are read so."""
    streamed_lines: tuple[str, ...] = ()
    """The same for paths, with `*` for anything, where only lines of JSON are read so."""
    assemble: Callable[[Rooms], None] | None = None
    """Called once with all rooms, before any of them is used."""
    checks: Callable[[Container], Iterable[HealthCheck]] = nothing
    """What `/readyz` looks at, besides what the other rooms have it look at."""
    figures: Callable[[Container], Iterable[Figures]] = nothing
    """What `/metrics` has beside what the room counts as it happens."""
    body_limits: Callable[[Container], Mapping[str, int]] = lambda container: {}
    """Paths whose JSON bodies may be larger, or must be smaller, than those of others, in bytes."""


class Rooms(tuple[Room, ...]):
    """The rooms of a process, in the order in which they are started."""

    __slots__ = ()

    def result_view(self, pipeline: str) -> Path | None:
        """The ES module that shows the results of a pipeline, when a room brings one."""
        return next((room.result_views[pipeline] for room in self if pipeline in room.result_views), None)
