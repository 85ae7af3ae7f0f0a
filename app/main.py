"""The web application: every room's routes, on one installation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request

from app.installation import Installation
from app.kit.loop_lag import LoopLag
from app.kit.web.access_log import AccessLog
from app.kit.web.body_limit import Authenticate, BodyLimit, BodyRules
from app.kit.web.dependency_plans import use_plans
from app.kit.web.docs_page import add_docs_page
from app.kit.web.error_handlers import answer_unexpected, install_error_handlers
from app.kit.web.flat_routes import add_routers, flatten_routes
from app.kit.web.json_bodies import read_beside_the_loop
from app.kit.web.openapi import describe_api
from app.kit.web.openapi_child import add_openapi_route
from app.kit.web.parameters import check_parameters
from app.kit.web.proxies import ForwardedHeaders, TrustedProxies
from app.kit.web.public_address import BelowRoot, PublicAddress
from app.kit.web.security_headers import SecurityHeaders
from app.kit.web.slashes import redirect_slashes
from app.settings import Settings

DESCRIPTION = "Submit many things, process each in stages, watch it live, get the results."


def create_app(settings: Settings) -> FastAPI:
    """The web application; everything behind it starts and stops with its lifespan.

    `app.state.container` is its installation, `app.state.not_started` why it could not start, `app.state.document` its
    description.
    """
    installation = Installation(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            document.prepare()
            started = installation.started(serve_http=True, run_jobs=settings.worker == "embedded")
            try:
                await stack.enter_async_context(started)
            except Exception as error:
                app.state.not_started = error
                raise
            yield

    use_plans()
    address = PublicAddress.of(settings.base_url)

    app = FastAPI(
        title="Tranche",
        version=version("tranche"),
        description=DESCRIPTION,
        lifespan=lifespan,
        servers=[{"url": address.root}] if address.root else None,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.document = document = add_openapi_route(app)
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
        lines=tuple(path for room in installation.rooms for path in room.streamed_lines),
        at_once=settings.max_buffered_bytes,
        patience=settings.request_patience_seconds,
    )
    app.add_middleware(BodyLimit, rules)
    app.add_middleware(
        ForwardedHeaders,
        proxies=TrustedProxies(settings.trusted_proxies.split(",")),
        standard=settings.proxy_header == "forwarded",
    )
    app.add_middleware(AccessLog, on_error=answer_unexpected, on_request=installation.get(LoopLag).stir)
    app.add_middleware(BelowRoot, address=address)
    # The last one is outermost.
    app.add_middleware(SecurityHeaders, hsts_seconds=settings.hsts_seconds, hsts_subdomains=settings.hsts_subdomains)
    install_error_handlers(app)
    check_parameters(app)
    describe_api(app)
    routers = [router for room in installation.rooms for router in room.routers]
    read_beside_the_loop(app, routers)
    add_routers(app, routers)
    redirect_slashes(app, flatten_routes(app))
    return app
