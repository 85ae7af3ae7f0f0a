"""A path with a slash too many or too few at its end leads to the one that exists."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import RedirectResponse
from starlette.types import Receive, Scope, Send

from app.kit.web.flat_routes import FlatRoutes
from app.kit.web.public_address import public_path


def redirect_slashes(app: FastAPI, routes: FlatRoutes) -> None:
    """Answer with 307 where the framework would, but with a path: its address has Host, which proxies may change."""
    router = app.router
    router.redirect_slashes = False
    not_found = router.default

    async def lead_on(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"])
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        if scope["type"] == "http" and other and routes.exists(other, scope):
            query = scope["query_string"].decode("latin-1")
            target = public_path(other) + (f"?{query}" if query else "")
            await RedirectResponse(target)(scope, receive, send)
            return
        await not_found(scope, receive, send)

    router.default = lead_on
