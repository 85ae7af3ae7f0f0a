"""Who the client is behind proxies that are trusted, and whether it came by https.

Proxies write where a request came from into its header. Anybody can write the same, so it is believed only when the
peer is a proxy that the operator named, and each entry only when the one to its right was written by such a proxy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.kit.service import CannotStart

UNIX: Final = "unix"
"""Stands for a peer on a Unix socket, which has no address."""
EVERYONE: Final = "*"
Address = IPv4Address | IPv6Address
Hop = tuple[str, str]
"""Where a proxy says that a request came from, and by which scheme; either is empty when it does not say."""
_PORT: Final = re.compile(r"^(?:\[([^\]]*)\]|([^:]*))(?::[0-9]{1,5})?$")
_PAIR: Final = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*(;|,|$)')


def read_address(text: str) -> Address | None:
    """An address as proxies write it, also with a port or in brackets; None for anything else."""
    try:
        found = ip_address(text)
    except ValueError:
        match = _PORT.match(text)
        try:
            found = ip_address(match.group(1) or match.group(2) or "") if match else None  # type: ignore[assignment]
        except ValueError:
            return None
    # How a socket that listens for both families shows an IPv4 peer.
    return getattr(found, "ipv4_mapped", None) or found


class ProxyNotReadable(CannotStart):
    """TRANCHE_TRUSTED_PROXIES has an entry that is no address and no network."""


class TrustedProxies:
    """Addresses and networks of proxies, `unix` for those on a Unix socket, `*` for every peer.

    Raises ProxyNotReadable for an entry that is none of these.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        wanted = {entry.strip() for entry in entries} - {""}
        self._everyone, self._unix = EVERYONE in wanted, UNIX in wanted
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in sorted(wanted - {EVERYONE, UNIX}):
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError:
                detail = f"TRANCHE_TRUSTED_PROXIES: {entry!r} is no address, no network, and not 'unix' or '*'"
                raise ProxyNotReadable(detail) from None
        self.trusts: Callable[[str | None], bool] = lru_cache(4096)(self._trusts)

    def _trusts(self, host: str | None) -> bool:
        """Whether what this peer says of a request's origin is believed; None is a peer on a Unix socket."""
        if self._everyone:
            return True
        if not host:
            return self._unix
        address = read_address(host)
        return address is not None and any(address in network for network in self._networks)

    def find_client(self, peer: str | None, hops: Sequence[Hop]) -> tuple[str | None, str]:
        """The client's address and scheme, from what was written on the way, the nearest proxy's word last.

        An entry that is no address ends the search: who wrote it is the last that is known.
        """
        client, scheme = peer, ""
        for source, by in reversed(hops):
            if not self.trusts(client):
                break
            scheme = by or scheme
            address = read_address(source)
            if address is None:
                break
            client = str(address)
        return client, scheme


def read_forwarded(values: Sequence[str]) -> list[Hop]:
    """The hops of `Forwarded` (RFC 7239), each with its `for` and `proto`. What is not well-formed ends a value."""
    hops: list[Hop] = []
    for value in values:
        hop: dict[str, str] = {}
        position = 0
        while position < len(value) and (match := _PAIR.match(value, position)):
            name, quoted, plain, end = match.groups()
            hop[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            position = match.end()
            if end != ";":
                hops.append((hop.get("for", ""), hop.get("proto", "").lower()))
                hop = {}
    return hops


def read_x_forwarded(sources: Sequence[str], schemes: Sequence[str]) -> list[Hop]:
    """The hops of `X-Forwarded-For`, and of `X-Forwarded-Proto`, which many proxies write once for the whole way."""
    addresses = [entry.strip() for value in sources for entry in value.split(",")] or [""]
    by = [entry.strip().lower() for value in schemes for entry in value.split(",")]
    missing = len(addresses) - len(by)
    return list(zip(addresses, [*by[:1] * missing, *by][-len(addresses) :] or [""] * len(addresses), strict=True))


class Origins:
    """Who sent requests, as trusted proxies say.

    `standard`: read `Forwarded` instead of `X-Forwarded-For` and `X-Forwarded-Proto`. Never both: a proxy that writes
    one lets the other through as the client sent it.
    """

    def __init__(self, proxies: TrustedProxies, *, standard: bool = False) -> None:
        self._proxies, self._standard = proxies, standard

    def correct(self, scope: Scope) -> None:
        """Make `client` and `scheme` of a request the client's own."""
        peer = scope["client"][0] if scope.get("client") else None
        if self._proxies.trusts(peer) and (hops := self._read(scope)):
            client, scheme = self._proxies.find_client(peer, hops)
            if client != peer and client:
                scope["client"] = (client, 0)
            if scheme in ("http", "https"):
                scope["scheme"] = scheme

    def _read(self, scope: Scope) -> list[Hop]:
        found: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            if name in (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"):
                found.setdefault(name, []).append(value.decode("latin-1"))
        if self._standard:
            return read_forwarded(found.get(b"forwarded", []))
        sources, schemes = found.get(b"x-forwarded-for", []), found.get(b"x-forwarded-proto", [])
        return read_x_forwarded(sources, schemes) if sources or schemes else []


class ForwardedHeaders:
    """ASGI middleware: `client` and `scheme` of a request become the client's own; see `Origins`."""

    def __init__(self, app: ASGIApp, *, proxies: TrustedProxies, standard: bool = False) -> None:
        self.app, self._origins = app, Origins(proxies, standard=standard)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._origins.correct(scope)
        await self.app(scope, receive, send)
