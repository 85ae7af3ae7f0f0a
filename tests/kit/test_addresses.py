"""Which addresses are public, which URLs are URLs, and what an operator may allow. Nothing here is connected to."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from app.kit.outbound.addresses import (
    AddressNotAllowed,
    AddressRules,
    HostNotReachable,
    Resolver,
    UrlNotAllowed,
    check_url,
    is_public,
)

PRIVATE = """
0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 127.255.255.255 169.254.169.254 172.31.0.1 192.0.0.8 192.0.0.192 192.0.2.1
192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::8.8.8.8 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 100:0:0:1::1
2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:808:808:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254
fe80::1 fe80::1%lo fec0::1 ff02::1 ff0e::1 4000::1
"""


def always(*addresses: str) -> Resolver:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.mark.parametrize("address", PRIVATE.split())
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "192.0.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_refusal_names_the_host_and_not_the_address() -> None:
    with pytest.raises(AddressNotAllowed) as caught:
        await check_url("https://inner.example/secret?key=1", resolve=always("10.1.2.3"))
    assert caught.value.code == "ADDRESS_NOT_ALLOWED"
    assert str(caught.value) == "inner.example is not an address that may be reached."


async def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(AddressNotAllowed):
        await check_url("http://mixed.example/", resolve=always("93.184.216.34", "127.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        r"http://127.0.0.1\@good.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "unix:///run/postgresql",
        "http+unix://%2Frun%2Fpostgresql/",
        "//127.0.0.1/",
        "http:///127.0.0.1/",
        "http:127.0.0.1",
        "http://127.0.0.1:99999/",
        "http://xn--/",
        "http://\ud800/",
        "http://good.example\r\nHost: 127.0.0.1/",
        "127.0.0.1",
        "",
    ],
)
async def test_forms_that_are_refused(url: str) -> None:
    with pytest.raises(UrlNotAllowed) as caught:
        await check_url(url, ["127.0.0.0/8"])
    assert caught.value.code == "URL_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("allow", "host", "address", "reachable"),
    [
        ("10.0.0.0/8", "x.example", "10.1.2.3", True),
        ("10.0.0.0/8", "x.example", "192.168.0.1", False),
        ("10.1.2.3", "x.example", "10.1.2.3", True),
        ("fd00::/8", "x.example", "fd00::1", True),
        ("Files.Intranet.", "FILES.intranet", "10.1.2.3", True),
        ("files.intranet", "files.intranet.", "10.1.2.3", True),
        ("files.intranet", "other.files.intranet", "10.1.2.3", False),
        ("10.0.0.0/8", "x.example", "::ffff:10.1.2.3", False),
    ],
)
async def test_allowed_networks_and_hosts(allow: str, host: str, address: str, reachable: bool) -> None:
    rules = AddressRules([allow], always(address))
    if reachable:
        assert await rules.addresses(host, 80) == [address]
    else:
        with pytest.raises(AddressNotAllowed):
            await rules.addresses(host, 80)


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "10.0.0.0/99", "http://files.intranet/"])
def test_mistyped_networks_are_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        AddressRules([entry])


async def test_unknown_host() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def unanswered(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(AddressNotAllowed) as unknown:
        await check_url("http://nowhere.example/", resolve=nowhere)
    with pytest.raises(AddressNotAllowed) as private:
        await check_url("http://nowhere.example/", resolve=always("10.0.0.1"))
    assert str(unknown.value) == str(private.value), "a name of an intranet is not told from one that is not there"
    for resolve in (unanswered, always()):
        with pytest.raises(HostNotReachable, match=r"nowhere\.example cannot be resolved"):
            await check_url("http://nowhere.example/", resolve=resolve)
