"""The web application: every room's routes, on one installation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from app.installation import Installation
from app.kit.access_log import AccessLog
from app.kit.body_limit import BodyLimit
from app.kit.error_handlers import answer_unexpected, install_error_handlers
from app.kit.openapi import describe_api
from app.kit.parameters import check_parameters
from app.kit.proxies import ForwardedHeaders, TrustedProxies
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
        redoc_url=None,
        favicon_url="/console/mark.svg",
    )
    app.state.container, app.state.not_started = installation, None
    limits: dict[str, int] = {}
    for room in installation.rooms:
        limits |= room.body_limits(installation)
    for room in installation.rooms:
        for middleware in room.middleware:
            app.add_middleware(middleware, container=installation)
    app.add_middleware(
        BodyLimit,
        limit=settings.max_json_bytes,
        overrides=limits,
        raw=tuple(path for room in installation.rooms for path in room.streamed_bodies),
        multipart=tuple(path for room in installation.rooms for path in room.streamed_forms),
    )
    app.add_middleware(
        ForwardedHeaders,
        proxies=TrustedProxies(settings.trusted_proxies.split(",")),
        standard=settings.proxy_header == "forwarded",
    )
    app.add_middleware(AccessLog, on_error=answer_unexpected)  # the last one is outermost
    install_error_handlers(app)
    check_parameters(app)
    describe_api(app)
    for room in installation.rooms:
        for router in room.routers:
            app.include_router(router)
    return app
