"""`tranche serve` and `tranche worker`: one process of the service, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import Any

import asyncpg
import uvicorn
import uvloop
from fastapi import FastAPI

from app.auth.administrator import FirstAdministrator
from app.auth.settings import AuthSettings
from app.commands import ServiceRefused
from app.events.hub import Hub
from app.events.settings import StreamSettings
from app.installation import Installation
from app.kit.errors import DATABASE_DOWN
from app.kit.http_guard import guarded
from app.kit.logs import configure_logging
from app.kit.proxies import TrustedProxies
from app.kit.service import CannotStart
from app.kit.words import quantity
from app.main import create_app
from app.settings import Settings

log = logging.getLogger("tranche")
SEND_BUFFER = 64 * 1024
"""Without it the kernel buffered 1.1 GB for 300 readers that never read (measured); accepted sockets inherit it."""
UNANSWERED_MS = 30_000
"""How long a peer may leave what we sent without a sign of life: a machine that lost its power says no good-bye."""
BACKLOG = 8192
"""Thousands come back at once after a restart; the kernel takes the less of this and net.core.somaxconn."""
DATABASE_REFUSES = (
    *DATABASE_DOWN,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    TimeoutError,
)
UNIX_PREFIX = "unix:"
OTHER_FILES = 2048
"""Room for what is not a stream: requests, uploads, the database, children."""
REQUEST_END_SECONDS = 2
KEEP_ALIVE_SECONDS = 75
"""Longer than the pools of common clients keep a connection. With uvicorn's own 5 s, which is httpx's as well, a client
could send its request just as the server hung up."""


def log_as_set(settings: Settings) -> None:
    """Write log lines as the settings say, with none of the secrets among them."""
    configure_logging(settings.log_level, settings.log_format, secrets=settings.secrets())


class Server(uvicorn.Server):
    """uvicorn, with a word to the streams as soon as the process is told to stop, and a greeting once it serves."""

    def __init__(self, app: FastAPI, listener: socket.socket) -> None:
        settings: Settings = app.state.container.settings
        config = uvicorn.Config(
            app,
            http=guarded(
                settings.request_patience_seconds,
                most_of_address=settings.connections_per_address,
                proxies=TrustedProxies(settings.trusted_proxies.split(",")),
            ),
            ws="none",
            lifespan="on",
            proxy_headers=False,  # the application reads them itself: see kit/proxies.py
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=REQUEST_END_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        super().__init__(config)
        self._app, self._listener = app, listener
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        settle_garbage_collector()
        greet(self._app.state.container, self._listener)

    def handle_exit(self, sig: int, frame: Any) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(self._app.state.container.get(Hub).say_bye)
        super().handle_exit(sig, frame)


def settle_garbage_collector() -> None:
    """Spare the collector what lives as long as the process, and wake it less often.

    A run of a thousand jobs makes the default collector walk every module again and again: a tenth of the processor
    time of short steps (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def greet(installation: Installation, listener: socket.socket) -> None:
    """Tell where the console is. The link signs in by itself; the key stays in its file."""
    settings = installation.settings
    address = (settings.public_url or _address_of(settings.host, listener)).rstrip("/")
    minutes = quantity(round(settings.of(AuthSettings).sign_in_link_minutes) or 1, "minute")
    key = "TRANCHE_ADMIN_KEY" if settings.of(AuthSettings).admin_key else str(settings.home / "admin.key")
    lines = [
        f"Tranche {version('tranche')} is ready at {address}",
        f"  Console  {address}/sign-in?token={installation.get(FirstAdministrator).sign_in_token}",
        f"           signs you in once, within {minutes}; `tranche sign-in` prints another link",
        f"  API      {address}/docs   (key: {key})",
        "  Stop with Ctrl-C.",
    ]
    print("\n".join(lines), flush=True)


def _address_of(host: str, listener: socket.socket) -> str:
    if listener.family == socket.AF_UNIX:
        return host
    host = f"[{host}]" if ":" in host else host
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - what is shown, not bound
    return f"http://{host}:{listener.getsockname()[1]}"


def listen_on_unix(path: str) -> socket.socket:
    """A listening Unix socket. Who may enter its folder may connect; one that a killed process left is replaced."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(path) == errno.ECONNREFUSED:
            os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.bind(path)
    os.chmod(path, 0o666)  # noqa: S103
    listener.listen(BACKLOG)
    return listener


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; accepted ones inherit its bounded send buffer and its patience with dead peers.

    They also send an answer's head and body at once. uvloop sees to that by itself, asyncio does not for a socket made
    here: each answer then waits 40 ms (measured).
    """
    if host.startswith(UNIX_PREFIX):
        return listen_on_unix(host.removeprefix(UNIX_PREFIX))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


def allow_many_sockets(streams: int) -> None:
    """Raise the soft limit of open files, often 1,024, to what the streams need and the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = streams + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
        if allowed < wanted:
            log.warning("only %s files may be open (ulimit -Hn): fewer streams than %s will fit", allowed, streams)


def serve(settings: Settings) -> None:
    """Serve HTTP, and run jobs unless TRANCHE_WORKER is off."""
    log_as_set(settings)
    allow_many_sockets(settings.of(StreamSettings).streams_per_process)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        where = settings.host if settings.host.startswith(UNIX_PREFIX) else f"{settings.host}:{settings.port}"
        raise SystemExit(f"Cannot listen on {where}: {error.strerror}.") from None
    with refusing():
        app = create_app(settings)
        # A start that fails is told below, in a sentence instead of uvicorn's fifty lines.
        logging.getLogger("uvicorn.error").addFilter(lambda _: app.state.not_started is None)
        try:
            uvloop.run(Server(app, listener).serve(sockets=[listener]))
        except SystemExit:
            if app.state.not_started is None:
                raise
            raise app.state.not_started from None


@contextmanager
def refusing() -> Iterator[None]:
    """What is wrong with how the service is set up, as ServiceRefused; errors of our own stay what they are."""
    try:
        yield
    except CannotStart as error:
        raise ServiceRefused(f"Tranche cannot start: {error}") from None
    except DATABASE_REFUSES as error:
        about_file = isinstance(error, OSError) and error.filename is not None
        where = "" if about_file else ", the database is not reached"
        raise ServiceRefused(f"Tranche cannot start{where}: {error}") from None


def work(settings: Settings) -> None:
    """Run jobs only, against the database and storage that the API processes use."""
    log_as_set(settings)
    with refusing():
        uvloop.run(_work(Installation(settings)))


async def _work(installation: Installation) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with installation.started(serve_http=False, run_jobs=True):
        settle_garbage_collector()
        print(f"Tranche {version('tranche')} worker is ready", flush=True)
        await stopped.wait()
