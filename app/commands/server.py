"""`tranche serve` and `tranche worker`: one process of the service, until it is told to stop."""

from __future__ import annotations

import errno
import gc
import logging
import os
import resource
import socket
from contextlib import suppress
from importlib.metadata import version

import uvloop

from app.accounts.administrator import FirstAdministrator
from app.auth.settings import AuthSettings
from app.commands.refusals import refusing
from app.commands.web_server import Server
from app.commands.worker_site import listen_as_set, serving_site
from app.events.settings import StreamSettings
from app.installation import Installation
from app.kit.ending import Ending
from app.kit.logs import configure_logging
from app.kit.loop_turns import FairLoop
from app.kit.memory import return_memory
from app.kit.words import quantity
from app.main import create_app
from app.runner.settings import RunnerSettings
from app.settings import Settings

log = logging.getLogger("tranche")
SEND_BUFFER = 64 * 1024
"""Without it the kernel buffered 1.1 GB for 300 readers that never read (measured); accepted sockets inherit it."""
UNANSWERED_MS = 30_000
"""How long a peer may leave what we sent without a sign of life: a machine that lost its power says no good-bye."""
BACKLOG = 8192
"""Thousands come back at once after a restart; the kernel takes the less of this and net.core.somaxconn."""
UNIX_PREFIX = "unix:"
OTHER_FILES = 2048
"""Room for what is not a stream: requests, uploads, the database, children."""


def log_as_set(settings: Settings) -> None:
    """Write log lines as the settings say, with none of the secrets among them."""
    configure_logging(settings.log_level, settings.log_format, secrets=settings.secrets())


def settle_garbage_collector() -> None:
    """Spare the collector what lives as long as the process, and wake it less often.

    A run of a thousand jobs makes the default collector walk every module again and again: a tenth of the processor
    time of short steps (measured). What only the start needed, 6 MB and more, goes back to the system.
    """
    return_memory()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def greet(installation: Installation, listener: socket.socket) -> None:
    """Tell where the console is, and at the first start a link that signs in: logs keep what is printed here."""
    settings = installation.settings
    address = (settings.public_url or _address_of(settings.host, listener)).rstrip("/")
    minutes = quantity(round(settings.of(AuthSettings).sign_in_link_minutes) or 1, "minute")
    key = "TRANCHE_ADMIN_KEY" if settings.of(AuthSettings).admin_key else str(settings.home / "admin.key")
    token = installation.get(FirstAdministrator).sign_in_token
    console = [
        f"  Console  {address}/sign-in?token={token}",
        f"           signs you in once, within {minutes}; `tranche sign-in` prints another link",
    ]
    lines = [
        f"Tranche {version('tranche')} is ready at {address}",
        *(console if token else [f"  Console  {address}/   (`tranche sign-in` prints a link that signs you in)"]),
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
        raise SystemExit(f"Cannot listen on {where}: {error.strerror or error}.") from None
    with refusing("Tranche cannot start"):
        app = create_app(settings)
        app.state.document.begin(listener.close)
        app.state.container.begin(listener.close)
        # A start that fails is told below, in a sentence instead of uvicorn's fifty lines.
        logging.getLogger("uvicorn.error").addFilter(lambda _: app.state.not_started is None)

        def ready() -> None:
            settle_garbage_collector()
            greet(app.state.container, listener)

        try:
            uvloop.run(Server(app, ready).serve(sockets=[listener]), loop_factory=FairLoop)
        except SystemExit:
            if app.state.not_started is None:
                raise
            raise app.state.not_started from None


def work(settings: Settings) -> None:
    """Run jobs only, against the database and storage that the API processes use."""
    log_as_set(settings)
    with refusing("Tranche cannot start"):
        installation = Installation(settings)
        installation.begin()
        uvloop.run(_work(installation), loop_factory=FairLoop)


async def _work(installation: Installation) -> None:
    ending = installation.get(Ending)
    with ending.on_signals():
        worker = installation.get(RunnerSettings)
        listener = listen_as_set(worker)
        async with installation.started(serve_http=False, run_jobs=True), serving_site(installation, listener):
            settle_garbage_collector()
            where = f" at {_address_of(worker.worker_host, listener)}" if listener else ""
            print(f"Tranche {version('tranche')} worker is ready{where}", flush=True)
            await ending.asked.wait()
