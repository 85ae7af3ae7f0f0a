"""The web application: every room's routes, on one installation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from app.installation import Installation
from app.kit.access_log import AccessLog
from app.kit.body_limit import Authenticate, BodyLimit, BodyRules
from app.kit.docs_page import add_docs_page
from app.kit.error_handlers import answer_unexpected, install_error_handlers
from app.kit.json_bodies import read_beside_the_loop
from app.kit.openapi import describe_api
from app.kit.parameters import check_parameters
from app.kit.proxies import ForwardedHeaders, TrustedProxies
from app.kit.security_headers import SecurityHeaders
from app.settings import Settings

DESCRIPTION = "Submit many things, process each in stages, watch it live, get the results."


def create_app(settings: Settings) -> FastAPI:
    """The web application; everything behind it starts and stops with its lifespan.

    `app.state.container` is its installation; `app.state.not_started` is why it could not start.
    """
    installation = Installation(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.openapi()  # whoever asks for it first would wait for seconds, and everybody else with them
            started = installation.started(serve_http=True, run_jobs=settings.worker == "embedded")
            try:
                await stack.enter_async_context(started)
            except Exception as error:
                app.state.not_started = error
                raise
            yield

    def operation_id(route: APIRoute) -> str:
        return route.name

    app = FastAPIOffline(
        title="Tranche",
        version=version("tranche"),
        description=DESCRIPTION,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
    )
    add_docs_page(app, icon="/console/mark.svg")
    app.state.container, app.state.not_started = installation, None
    limits: dict[str, int] = {}
    for room in installation.rooms:
        limits |= room.body_limits(installation)
    for room in installation.rooms:
        for middleware in room.middleware:
            app.add_middleware(middleware, container=installation)

    async def authenticate(request: Request) -> None:
        await installation.get(Authenticate)(request)

    rules = BodyRules(
        limit=settings.max_json_bytes,
        authenticate=authenticate,
        overrides=limits,
        raw=tuple(path for room in installation.rooms for path in room.streamed_bodies),
        multipart=tuple(path for room in installation.rooms for path in room.streamed_forms),
        at_once=settings.max_buffered_bytes,
        patience=settings.request_patience_seconds,
    )
    app.add_middleware(BodyLimit, rules)
    app.add_middleware(
        ForwardedHeaders,
        proxies=TrustedProxies(settings.trusted_proxies.split(",")),
        standard=settings.proxy_header == "forwarded",
    )
    app.add_middleware(AccessLog, on_error=answer_unexpected)
    app.add_middleware(SecurityHeaders, hsts_seconds=settings.hsts_seconds)  # the last one is outermost
    install_error_handlers(app)
    check_parameters(app)
    describe_api(app)
    turn = asyncio.Lock()
    for room in installation.rooms:
        for router in room.routers:
            read_beside_the_loop(router, turn)
            app.include_router(router)
    return app
