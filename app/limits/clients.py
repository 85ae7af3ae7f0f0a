"""Who counts as one client, of those who show nothing else than an address."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request


def network_of(request: Request) -> str:
    """The request's IPv4 address, or the /64 network of an IPv6 address, of which one person has 2^64."""
    host = request.client.host if request.client else "unix"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
