"""Where clients reach the service, and what that makes of its paths: the one place that knows what stands before them.

Inside, a path is what its route says. `TRANCHE_PUBLIC_URL` may put the service below another path, such as
`https://host/tranche`: the middleware takes that off the path of a request, where the proxy in front left it, and
`public_path` puts it before each path that an answer names.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from zlib import crc32

from fastapi import Request, Response
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """`root` is what clients write before each path, percent-encoded: "" or "/tranche". `host` is as in a Host header.

    `host` is empty while nobody said where clients reach the service.
    """

    root: str = ""
    host: str = ""

    @staticmethod
    def of(base_url: str) -> PublicAddress:
        """Of an address without a slash at its end, as `Settings.base_url` has it."""
        parts = urlsplit(base_url)
        return PublicAddress(parts.path, parts.netloc)

    def cookie_name(self, request: Request, name: str) -> str:
        """The name under which a browser keeps a cookie of this service.

        Over https with a prefix that browsers heed (RFC 6265bis, 4.1.3): `__Host-` where its path is `/`, `__Secure-`
        below another one. There a mark of the path follows, as a browser also sends what a service above this one set.
        """
        marked = f"{name}_{crc32(self.root.encode()):08x}" if self.root else name
        if request.url.scheme != "https":
            return marked
        return f"__Secure-{marked}" if self.root else f"__Host-{marked}"

    @property
    def cookie_path(self) -> str:
        return self.root or "/"


_UNKNOWN: Final = PublicAddress()
_current: ContextVar[PublicAddress] = ContextVar("public_address", default=_UNKNOWN)


def public_address() -> PublicAddress:
    """Where the client of the request that is being answered finds the service."""
    return _current.get()


def public_path(path: str) -> str:
    """A path of this service as the client of the present request writes it; outside of requests the path itself."""
    return _current.get().root + path


def set_own_cookie(request: Request, response: Response, name: str, value: str, max_age: int) -> None:
    """Give the browser a cookie that only this service gets, and no script sees; `max_age` in seconds."""
    address = public_address()
    response.set_cookie(
        address.cookie_name(request, name),
        value,
        max_age=max_age,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path=address.cookie_path,
    )


def own_cookie(request: Request, name: str) -> str | None:
    """The value of a cookie of this service."""
    return request.cookies.get(public_address().cookie_name(request, name))


def forget_own_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser drop a cookie of this service."""
    address = public_address()
    response.delete_cookie(
        address.cookie_name(request, name),
        path=address.cookie_path,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


class BelowRoot:
    """ASGI middleware. Requests come in below the root or, where the proxy in front strips it, without.

    The root without a slash leads to the page below it. The path is changed for all who hold the scope: middleware
    around this one sees the route's own as soon as there is an answer.
    """

    def __init__(self, app: ASGIApp, *, address: PublicAddress) -> None:
        self.app, self._address = app, address
        self._root, self._raw = unquote(address.root), address.root.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self._root and scope["path"] == self._root:
            query = scope["query_string"].decode("latin-1")
            target = f"{self._address.root}/{'?' if query else ''}{query}"
            await RedirectResponse(target, 308)(scope, receive, send)
            return
        if self._root and scope["path"].startswith(f"{self._root}/"):
            scope["path"] = scope["path"][len(self._root) :]
            scope["raw_path"] = (scope.get("raw_path") or b"").removeprefix(self._raw)
        token = _current.set(self._address)
        try:
            await self.app(scope, receive, send)
        finally:
            _current.reset(token)
