"""Which hosts and addresses the service may call out to: public ones, and what an operator allows in an intranet."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to IP addresses. OSError: there are none."""

_RESOLVE_SECONDS = 10.0  # as long as the system's resolver asks two servers

_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_GLOBAL_V6 = IPv6Network("2000::/3")  # all that is assigned as global unicast; the rest is refused unseen
# The IANA special-purpose registries. `is_global` of Python 3.11 and 3.12 lets several of them through.
_SPECIAL = [
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
]


class UrlNotAllowed(httpx.TransportError):
    """The URL is not one that may be fetched. Trying again does not help."""

    code = "URL_NOT_ALLOWED"


class HostNotReachable(UrlNotAllowed):
    """The host has no address, or none that may be reached."""


class AddressNotAllowed(HostNotReachable):
    """The host has an address that may not be reached. The message names the host, never the address."""

    code = "ADDRESS_NOT_ALLOWED"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anybody on the internet could reach this address."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return False
    return address.is_global and not any(address in network for network in _SPECIAL)


async def resolve_host(host: str, port: int) -> list[str]:
    """The addresses the system knows for a host, in its order of preference. OSError: none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (UnicodeError, OverflowError) as error:
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressRules:
    """`allow` holds networks ("10.0.0.0/8"), addresses and host names ("files.intranet") that may be private.

    ValueError: an entry with a slash or a colon is not a network.
    """

    def __init__(self, allow: Sequence[str] = (), resolve: Resolver = resolve_host) -> None:
        self._resolve = resolve
        self._hosts: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in allow:
            try:
                self._networks.append(ip_network(entry))
            except ValueError:
                if "/" in entry or ":" in entry:
                    raise
                self._hosts.add(entry.lower().rstrip("."))

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, of which every single one may be reached.

        AddressNotAllowed: one may not, or there is no such host. OSError: its addresses cannot be found now.
        """
        try:
            found = [ip_address(text) for text in await self._resolve(host, port)]
        except socket.gaierror as error:
            if error.errno not in _NO_SUCH_HOST:
                raise
            # Not told from one that may not be reached: the names of an intranet are not ours to tell.
            raise AddressNotAllowed(f"{host} is not an address that may be reached.") from None
        if not found:
            raise OSError(f"{host} has no address.")
        if host.lower().rstrip(".") not in self._hosts:
            for address in found:
                if not is_public(address) and not any(address in network for network in self._networks):
                    raise AddressNotAllowed(f"{host} is not an address that may be reached.")
        return [str(address) for address in found]


def parse_url(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """The URL, seen from `base` if it is relative. UrlNotAllowed: its form is none that may be fetched."""
    try:
        url = httpx.URL(text)
        if base and url.scheme and not url.host:  # `http:\\x/`: neither relative nor whole, and each reader differs
            raise UrlNotAllowed("This is not a URL.")
        url = base.join(text) if base else url
        check_form(url)
    except (httpx.InvalidURL, ValueError):  # the host is decoded, and refused, when it is first looked at
        raise UrlNotAllowed("This is not a URL.") from None
    return url


def check_form(url: httpx.URL) -> None:
    """UrlNotAllowed unless the scheme is http or https, there is a host, and neither user name nor password."""
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or not 0 < (url.port or 80) < 65_536:
        raise UrlNotAllowed("Only http and https URLs without a user name can be fetched.")


async def check_url(url: str, allow: Sequence[str] = (), *, resolve: Resolver = resolve_host) -> None:
    """Refuse a URL at the time it is saved: UrlNotAllowed, or AddressNotAllowed after resolving its host.

    This is for an early answer to whoever typed it. What protects us is the check made when connecting.
    """
    parsed = parse_url(url)
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            await AddressRules(allow, resolve).addresses(parsed.raw_host.decode(), parsed.port or 0)
    except OSError:
        raise HostNotReachable(f"{parsed.host} cannot be resolved.") from None
