"""What `tranche worker` answers over HTTP: /healthz, /readyz and /metrics, for those whom the service lets."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from app.installation import Installation
from app.kit.loop_lag import LoopLag
from app.kit.service import CannotStart
from app.kit.web.access_log import AccessLog
from app.kit.web.connection_guard import guarded
from app.kit.web.error_handlers import answer_unexpected, install_error_handlers
from app.kit.web.proxies import TrustedProxies
from app.runner.probe_router import router
from app.runner.settings import RunnerSettings

log = logging.getLogger("tranche")
PORTS: Final = range(8101, 8117)
"""One is taken where none is set: several workers of a machine then have one each."""
BACKLOG: Final = 64


def listen_as_set(settings: RunnerSettings) -> socket.socket | None:
    """A listening socket; None where none is wanted, or every port of those that are tried is taken.

    CannotStart: the port that is set cannot be had.
    """
    if settings.worker_port == 0:
        return None
    host, set_port = settings.worker_host, settings.worker_port
    for port in PORTS if set_port is None else (set_port,):
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            return socket.create_server(address[:2], family=family, backlog=BACKLOG)
        except OSError as error:
            if set_port is not None:
                raise CannotStart(f"a worker cannot listen on {host}:{port}: {error.strerror}") from None
    log.warning("the ports %s to %s are taken: this worker answers no /readyz and /metrics", PORTS[0], PORTS[-1])
    return None


def make_site(installation: Installation) -> FastAPI:
    """The application, on an installation that is started by its owner."""
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    site.state.container = installation
    site.add_middleware(AccessLog, on_error=answer_unexpected, on_request=installation.get(LoopLag).stir)
    install_error_handlers(site)
    site.include_router(router)
    return site


@asynccontextmanager
async def serving_site(installation: Installation, listener: socket.socket | None) -> AsyncIterator[None]:
    """Answer while the block lasts: without uvicorn's own loop, which wakes ten times a second and takes signals."""
    if listener is None:
        yield
        return
    settings = installation.settings
    config = uvicorn.Config(
        make_site(installation),
        http=guarded(
            settings.request_patience_seconds,
            most_of_address=settings.connections_per_address,
            proxies=TrustedProxies(settings.trusted_proxies.split(",")),
        ),
        ws="none",
        lifespan="off",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield
    finally:
        await server.shutdown(sockets=[listener])
