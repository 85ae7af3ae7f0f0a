"""The table of routes finds what FastAPI finds by going through them one after the other."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount
from starlette.types import Scope

from app.kit.web.flat_routes import FlatRoutes, add_routers, flatten_routes
from app.kit.web.slashes import redirect_slashes
from app.main import create_app
from tests.service import make_settings

METHODS = ("GET", "HEAD", "POST", "DELETE", "BREW")


def scope_of(method: str, path: str) -> Scope:
    return {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}


def found_in_order(contexts: list[RouteContext], method: str, path: str) -> tuple[str, Any]:
    """What the first route that fits is, as Starlette looks for it."""
    partial = None
    for context in contexts:
        scope = scope_of(method, path)
        match, child = context._effective_route.matches(scope)
        if match is Match.FULL:
            return "full", (child["endpoint"], child.get("path_params"))
        partial = partial or (child["endpoint"] if match is Match.PARTIAL else None)
    return ("partial", partial) if partial else ("none", None)


def found_in_table(flat: FlatRoutes, method: str, path: str) -> tuple[str, Any]:
    """What the table finds; the route itself is not carried out."""
    scope = scope_of(method, path)
    seen: list[tuple[str, Any]] = []

    for row in flat._candidates(path):
        if row.regex is None:
            match, child = row.route.matches(scope)
            if match is Match.FULL:
                return "full", (child["endpoint"], child.get("path_params"))
        elif found := row.regex.match(path):
            params = {name: row.convertors[name].convert(value) for name, value in found.groupdict().items()}
            if method in row.methods:
                return "full", (row.endpoint, params)
            seen.append(("partial", row.endpoint))
    return seen[0] if seen else ("none", None)


def test_every_route_of_the_service_is_found() -> None:
    app = create_app(make_settings(Path("/nowhere"), "postgresql://nobody@localhost/none"))
    flat, contexts = flatten_routes(app), list(iter_route_contexts(app.routes))
    patterns = {str(context.path) for context in contexts}
    assert len(patterns) > 100
    paths = {re.sub(r"{\w+(:\w+)?}", value, pattern) for pattern in patterns for value in ("counts", "a.b")}
    paths |= {path + more for path in paths for more in ("/", "/more")}
    paths |= {"", "/", "//", "/api", "/api//batches", "/API/batches", "/console", "/static-offline-docs/x", "*"}
    wrong = [
        (method, path)
        for path in sorted(paths)
        for method in METHODS
        if found_in_order(contexts, method, path) != found_in_table(flat, method, path)
    ]
    assert wrong == []


def small_app() -> FastAPI:
    app, inner, outer = FastAPI(), APIRouter(prefix="/things"), APIRouter(prefix="/api")

    @inner.get("/{name}")
    async def read(name: str) -> dict[str, str]:
        return {"read": name}

    @inner.get("/fixed")
    async def hidden() -> dict[str, str]:
        raise AssertionError("the route before takes this path")

    @inner.put("/fixed")
    async def write() -> dict[str, str]:
        return {"write": "fixed"}

    @inner.delete("/{number:int}")
    async def remove(number: int) -> dict[str, int]:
        return {"removed": number}

    @outer.get("/rest/{path:path}")
    async def rest(path: str) -> dict[str, str]:
        return {"rest": path}

    outer.include_router(inner)
    app.include_router(outer)
    app.router.routes.append(Mount("/mounted", app=PlainTextResponse("mounted")))
    redirect_slashes(app, flatten_routes(app))
    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "answer"),
    [
        ("GET", "/api/things/a", 200, '{"read":"a"}'),
        ("GET", "/api/things/fixed", 200, '{"read":"fixed"}'),
        ("PUT", "/api/things/fixed", 200, '{"write":"fixed"}'),
        ("DELETE", "/api/things/7", 200, '{"removed":7}'),
        ("GET", "/api/rest/a/b/c", 200, '{"rest":"a/b/c"}'),
        ("GET", "/mounted/any/thing", 200, "mounted"),
        ("GET", "/api/things/a/b", 404, None),
        ("GET", "/api/things/a/", 307, None),
        ("PUT", "/api/things/a", 405, None),
        ("HEAD", "/api/things/a", 405, None),
        ("GET", "/nothing", 404, None),
    ],
)
async def test_answers(method: str, path: str, status: int, answer: str | None) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(small_app()), base_url="http://here") as client:
        got = await client.request(method, path)
    assert got.status_code == status
    assert answer is None or got.text == answer


async def test_a_method_that_is_not_there_is_answered_with_all_that_are() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(small_app()), base_url="http://here") as client:
        got = await client.post("/api/things/fixed")
    assert got.headers["Allow"] == "GET, PUT"


async def test_routes_of_routers_are_the_applications_own_with_its_dependencies() -> None:
    asked: list[str] = []

    async def note(request: Request) -> None:
        asked.append(request.url.path)

    router, around = APIRouter(prefix="/own"), APIRouter(prefix="/around")

    @router.get("/{name}")
    async def read(name: str) -> dict[str, str]:
        return {"read": name}

    around.include_router(router)
    for _ in range(2):  # applications of one process share the routers
        app = FastAPI()
        app.router.dependencies.append(Depends(note))
        add_routers(app, [router, around])
        flatten_routes(app)
    paths = ["/own/a", "/around/own/a"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        assert [(await client.get(path)).json() for path in paths] == [{"read": "a"}] * 2
    assert asked == paths


async def test_what_a_router_starts_is_started() -> None:
    began: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        began.append("lifespan")
        yield

    app, router = FastAPI(), APIRouter(lifespan=lifespan)

    @router.get("/there")
    async def there() -> str:
        return "there"

    add_routers(app, [router])
    flatten_routes(app)
    async with app.router.lifespan_context(app):
        assert began == ["lifespan"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        assert (await client.get("/there")).json() == "there"
