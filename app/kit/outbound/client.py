"""The HTTP client for URLs that others chose: it cannot be led to our own network, nor be made to read without end.

A host is resolved, each of its addresses is checked and one of exactly these is connected to, all inside the network
backend of the connection pool. So DNS has no moment between check and connection to change its mind, and redirects come
the same way. TLS still verifies the host's name.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import unquote

import httpcore
import httpx

from app.kit.failures import Failure
from app.kit.outbound.addresses import (
    AddressNotAllowed,
    AddressRules,
    Resolver,
    UrlNotAllowed,
    check_form,
    check_url,
    parse_url,
    resolve_host,
)
from app.kit.outbound.reading import AnswerPacked, AnswerTooLong, bounded

__all__ = [
    "AddressNotAllowed",
    "DownloadFailed",
    "Downloaded",
    "UrlNotAllowed",
    "check_url",
    "download",
    "outbound_client",
]

_RETRY_AFTER_LIMIT = 86_400.0
_ANYTHING = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} cannot be resolved.")
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._rules.addresses(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host} takes too long to resolve.") from None
        except OSError:
            raise failure from None
        share = timeout / len(addresses) if timeout else None  # one dead address must not use up the time of the others
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise AddressNotAllowed("Unix sockets may not be reached.")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _CheckedTransport(httpx.AsyncHTTPTransport):
    def __init__(self, rules: AddressRules) -> None:
        # Not super().__init__(), which makes a pool without our backend. Should httpx rename `_pool`, requests fail.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_CheckedBackend(rules),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        check_form(request.url)
        response = await super().handle_async_request(request)
        if not response.has_redirect_location:
            return response
        # The client would read the body of a redirect into memory, however long or packed it is.
        await response.aclose()
        # As it was checked: the client joins in another way, and raises InvalidURL for what it cannot.
        target = parse_url(response.headers["Location"], request.url)
        return httpx.Response(response.status_code, headers={"Location": str(target)})


def checked_transport(allow: Sequence[str] = (), resolve: Resolver = resolve_host) -> httpx.AsyncBaseTransport:
    """What sends requests to public addresses, and to what `allow` names, over connections of its own."""
    return _CheckedTransport(AddressRules(allow, resolve))


def outbound_client(
    *,
    allow: Sequence[str] = (),
    timeout: float = 30.0,
    max_redirects: int = 5,
    resolve: Resolver = resolve_host,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client that reaches public addresses only, and what `allow` names (see AddressRules).

    `transport`: one that comes down to those of `checked_transport`, in place of one for `allow`.

    It follows redirects, keeps no cookies and obeys no proxy variables. `timeout` in seconds holds for connecting and
    for each read and write. Refusals are UrlNotAllowed and AddressNotAllowed, both httpx.TransportError.
    `client.get()` reads a body of any length into memory: use `download`, or `exchange` of `http_reading`, for what a
    stranger serves.
    """
    return httpx.AsyncClient(
        transport=transport or checked_transport(allow, resolve),
        timeout=timeout,
        max_redirects=max_redirects,
        follow_redirects=True,
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one caller's cookies are not for the next
    )


@dataclass(frozen=True)
class Downloaded:
    """`size` in bytes as given to the sink; `media_type` without parameters; `filename` for display, never a path."""

    size: int
    media_type: str
    filename: str


class DownloadFailed(Failure):
    """Nothing more will come.

    Worth another try: RATE_LIMIT, TIMEOUT, NETWORK_ERROR, UPSTREAM_5XX. Final: URL_NOT_ALLOWED, ADDRESS_NOT_ALLOWED,
    UPSTREAM_3XX, UPSTREAM_4XX, TOO_MANY_REDIRECTS, DOWNLOAD_TOO_LARGE, UNSUPPORTED_ENCODING, UNSUPPORTED_MEDIA_TYPE.
    """


async def download(
    client: httpx.AsyncClient,
    url: str,
    sink: Callable[[bytes], Awaitable[None]],
    *,
    max_bytes: int,
    max_seconds: float = 300.0,
    media_types: Sequence[str] = (),
) -> Downloaded:
    """Fetch a URL piece by piece into `sink`; what the sink raises passes through.

    DownloadFailed: more than `max_bytes` came or were announced, `max_seconds` were over, the server says that it
    sends something else than `media_types` (empty: anything will do), or the server failed. Its message never repeats
    what the server sent.
    """
    limit = asyncio.timeout(max_seconds)
    try:
        async with limit, client.stream("GET", parse_url(url), headers={"Accept-Encoding": "identity"}) as response:
            _check_status(response)
            _check_type(response, media_types)
            size = 0
            async for piece in bounded(response, max_bytes):
                size += len(piece)
                await sink(piece)
            return Downloaded(size, _media_type(response), _filename(response))
    except AnswerTooLong:
        raise DownloadFailed("DOWNLOAD_TOO_LARGE", f"The file is larger than {max_bytes:,} bytes.") from None
    except AnswerPacked as error:
        raise DownloadFailed("UNSUPPORTED_ENCODING", str(error)) from None
    except UrlNotAllowed as error:
        raise DownloadFailed(error.code, str(error)) from None
    except httpx.TooManyRedirects:
        raise DownloadFailed("TOO_MANY_REDIRECTS", "The URL redirects too often.") from None
    except TimeoutError:
        if not limit.expired():
            raise
        raise DownloadFailed("TIMEOUT", f"The download took longer than {max_seconds:g} seconds.") from None
    except httpx.TimeoutException:
        raise DownloadFailed("TIMEOUT", "The server did not answer in time.") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise DownloadFailed("NETWORK_ERROR", "The connection failed or the answer is damaged.") from error


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    code = {408: "TIMEOUT", 429: "RATE_LIMIT"}.get(status, f"UPSTREAM_{status // 100}XX")
    message = f"{response.url.host} answered with status {status}."
    raise DownloadFailed(code, message, retry_after(response.headers.get("Retry-After", "")))


def _check_type(response: httpx.Response, wanted: Sequence[str]) -> None:
    """A server that names no type, or one that fits everything, may send what is wanted: the content will tell."""
    if wanted and _media_type(response) not in (*wanted, _ANYTHING, "binary/octet-stream"):
        message = f"{response.url.host} serves something else than {' or '.join(wanted)} there."
        raise DownloadFailed("UNSUPPORTED_MEDIA_TYPE", message)


def retry_after(value: str) -> float | None:
    """Seconds from now, of a number of seconds or a date (RFC 9110, 10.2.3)."""
    try:
        seconds = (
            float(value) if re.fullmatch("[0-9]+", value) else parsedate_to_datetime(value).timestamp() - time.time()
        )
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _RETRY_AFTER_LIMIT)


def _media_type(response: httpx.Response) -> str:
    value = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return value if len(value) <= 100 and _MEDIA_TYPE.fullmatch(value) else _ANYTHING


def _filename(response: httpx.Response) -> str:
    header = Message()
    header["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    name = header.get_filename() or unquote(response.url.path)
    name = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    return "".join(letter for letter in name if letter.isprintable()).strip()[:255] or "download"
