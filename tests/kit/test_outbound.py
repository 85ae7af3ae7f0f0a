"""The outbound client against servers and names that want to lead it astray. Everything happens on loopback."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import ssl
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.kit.outbound.addresses import Resolver
from app.kit.outbound.client import (
    AddressNotAllowed,
    Downloaded,
    DownloadFailed,
    UrlNotAllowed,
    check_url,
    download,
    outbound_client,
)
from tests.kit.web_server import Server, respond, serving
from tests.patience import patient

LOOPBACK = ("127.0.0.0/8",)
PUBLIC = "93.184.216.34"
LATER = format_datetime(datetime.now(UTC) + timedelta(hours=12), usegmt=True)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(Server()) as server:
        yield server


def names(*answers: list[str]) -> tuple[Resolver, list[str]]:
    """A resolver that gives one answer after the other, the last one for ever; and the hosts it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


async def fetch(url: str, *, max_bytes: int = 1 << 20, max_seconds: float = 30.0) -> tuple[Downloaded, bytes]:
    received = bytearray()

    async def sink(data: bytes) -> None:
        received.extend(data)

    async with outbound_client(allow=LOOPBACK, timeout=patient(5)) as client:
        done = await download(client, url, sink, max_bytes=max_bytes, max_seconds=max_seconds)
    return done, bytes(received)


async def failure(url: str, *, max_bytes: int = 1 << 20, max_seconds: float = 30.0) -> DownloadFailed:
    with pytest.raises(DownloadFailed) as caught:
        await fetch(url, max_bytes=max_bytes, max_seconds=max_seconds)
    return caught.value


async def never(data: bytes) -> None:
    raise AssertionError("Something was downloaded.")


HOSTS = """
127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 017700000001 0177.0.0.1 0 0.0.0.0 127.0.0.1. localhost LOCALHOST
localhost. \uff11\uff12\uff17.\uff10.\uff10.\uff11 127。0。0。1 ⓛⓞⓒⓐⓛⓗⓞⓢⓣ %31%32%37.0.0.1 127.0.0.1%00.good.example
[::1] [::] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [64:ff9b::127.0.0.1] [64:ff9b:1::7f00:1]
[2002:7f00:1::] [2001:0:0:0:0:0:80ff:fffe] [fe80::1%lo] [fe80::1%25lo] @127.0.0.1 good.example@127.0.0.1
good.example:pass@127.0.0.1 127.0.0.1\\@good.example
"""


@pytest.mark.parametrize("host", HOSTS.split())
async def test_hostile_hosts_never_reach_loopback(server: Server, host: str) -> None:
    url = server.url(host=host)
    async with outbound_client(timeout=patient(5)) as client:
        with pytest.raises((httpx.TransportError, httpx.InvalidURL, UnicodeError)):
            await client.get(url)
        with pytest.raises(DownloadFailed):
            await download(client, url, never, max_bytes=1)
    with pytest.raises(UrlNotAllowed):
        await check_url(url)
    assert server.requests == []


async def test_the_client_itself_checks_the_form(server: Server) -> None:
    async with outbound_client(allow=LOOPBACK) as client:
        for host in ("user:pass@127.0.0.1", "127.0.0.1\\@127.0.0.1"):
            with pytest.raises(UrlNotAllowed):
                await client.get(server.url(host=host))
            with pytest.raises(DownloadFailed) as caught:
                await download(client, server.url(host=host), never, max_bytes=1)
            assert caught.value.code == "URL_NOT_ALLOWED"
    assert server.requests == []


async def test_the_canary_sings(server: Server) -> None:
    server.answers["/"] = respond("200 OK")
    async with httpx.AsyncClient(trust_env=False) as careless:
        for host in ("127.1", "2130706433", "0x7f000001", "localhost", "0", "127。0。0。1"):
            await careless.get(server.url(host=host))
    assert len(server.requests) == 6


async def test_rebinding_between_check_and_fetch(server: Server) -> None:
    resolve, asked = names([PUBLIC], ["127.0.0.1"])
    url = server.url(host="rebind.example")
    await check_url(url, resolve=resolve)
    async with outbound_client(resolve=resolve) as client:
        with pytest.raises(AddressNotAllowed):
            await client.get(url)
    assert asked == ["rebind.example"] * 2
    assert server.requests == []


async def test_the_checked_address_is_the_one_connected_to(server: Server) -> None:
    server.answers["/"] = respond("200 OK", b"here")
    resolve, asked = names(["127.0.0.9", "127.0.0.1"], [PUBLIC])  # nothing listens at the first one
    async with outbound_client(allow=LOOPBACK, resolve=resolve) as client:
        answer = await client.get(server.url(host="twice.example"))
    assert (answer.text, asked) == ("here", ["twice.example"])
    assert f"Host: twice.example:{server.port}" in server.requests[0]


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1:{port}/secret", "ADDRESS_NOT_ALLOWED"),
        ("//localhost:{port}/secret", "ADDRESS_NOT_ALLOWED"),
        ("http://user:pass@redirecting.example:{port}/secret", "URL_NOT_ALLOWED"),
        ("ftp://redirecting.example:{port}/secret", "URL_NOT_ALLOWED"),
        ("file:///etc/passwd", "URL_NOT_ALLOWED"),
        ("http://xn--/", "URL_NOT_ALLOWED"),
        ("http://[::1/", "URL_NOT_ALLOWED"),
        ("http:\\\\x/", "URL_NOT_ALLOWED"),
    ],
)
async def test_redirects_pass_the_same_checks(server: Server, location: str, code: str) -> None:
    server.answers["/"] = respond("302 Found", Location=location.format(port=server.port))
    resolve, _ = names(["127.0.0.1"])
    async with outbound_client(allow=["redirecting.example"], resolve=resolve) as client:
        with pytest.raises(DownloadFailed) as caught:
            await download(client, server.url(host="redirecting.example"), never, max_bytes=1)
    assert caught.value.code == code
    assert len(server.requests) == 1


async def test_redirect_with_an_endless_body_is_not_read(server: Server) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /target\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + bytes(65_536) + b"\r\n")
            await writer.drain()

    server.answers |= {"/": endless, "/target": respond("200 OK", b"here")}
    assert (await fetch(server.url()))[1] == b"here"


async def test_redirects_end(server: Server) -> None:
    server.answers["/"] = respond("302 Found", Location="/")
    assert (await failure(server.url())).code == "TOO_MANY_REDIRECTS"
    assert len(server.requests) == 6


async def test_proxy_variables_are_not_obeyed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url())
    resolve, _ = names(["10.0.0.1"])
    async with outbound_client(resolve=resolve) as client:
        with pytest.raises(AddressNotAllowed):
            await client.get("http://inner.example/")
    assert server.requests == []


async def test_cookies_are_not_kept(server: Server) -> None:
    server.answers["/"] = respond("200 OK", Set_Cookie="who=first")
    async with outbound_client(allow=LOOPBACK) as client:
        await client.get(server.url())
        await client.get(server.url())
    assert "cookie" not in server.requests[1].lower()


async def test_resolvers_that_fail() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def unanswered(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async def silent(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    for resolve, code in ((nowhere, "ADDRESS_NOT_ALLOWED"), (unanswered, "NETWORK_ERROR"), (silent, "TIMEOUT")):
        async with outbound_client(resolve=resolve, timeout=0.05) as client:
            with pytest.raises(DownloadFailed) as caught:
                await download(client, "http://lost.example/", never, max_bytes=1)
        assert caught.value.code == code


async def test_tls_verifies_the_name_not_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("files.intranet")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = tmp_path / "server.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(file)
    resolve, _ = names(["127.0.0.1"])
    async with serving(Server(), tls) as server, outbound_client(allow=LOOPBACK, resolve=resolve) as client:
        server.answers["/"] = respond("200 OK", b"here")
        assert (await client.get(f"https://files.intranet:{server.port}/")).text == "here"
        with pytest.raises(httpx.ConnectError, match=r"(?i)hostname mismatch"):
            await client.get(f"https://other.intranet:{server.port}/")


async def test_download(server: Server) -> None:
    body = random.Random(1).randbytes(300_000)
    disposition = "attachment; filename*=UTF-8''..%2F%E2%82%AC%20rates%00.pdf"
    server.answers |= {
        "/start": respond("301 Moved Permanently", Location="/folder/file%20one.pdf?key=1"),
        "/folder/file%20one.pdf?key=1": respond("200 OK", body, Content_Type="Application/PDF; charset=x"),
        "/named": respond("200 OK", b"x", Content_Type="nonsense", Content_Disposition=disposition),
        "/": respond("200 OK"),
    }
    assert await fetch(server.url("/start")) == (Downloaded(300_000, "application/pdf", "file one.pdf"), body)
    assert await fetch(server.url("/named")) == (Downloaded(1, "application/octet-stream", "€ rates.pdf"), b"x")
    assert await fetch(server.url("/")) == (Downloaded(0, "application/octet-stream", "download"), b"")
    assert "Accept-Encoding: identity" in server.requests[0]


@pytest.mark.parametrize(
    ("answer", "code", "retry_after"),
    [
        (respond("404 Not Found", b"secret"), "UPSTREAM_4XX", None),
        (respond("408 Request Timeout"), "TIMEOUT", None),
        (respond("429 Too Many Requests", b"secret", Retry_After="17"), "RATE_LIMIT", 17),
        (respond("429 Too Many Requests", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), "RATE_LIMIT", 0),
        (respond("429 Too Many Requests", Retry_After=LATER), "RATE_LIMIT", pytest.approx(12 * 3600, abs=3600)),
        (respond("429 Too Many Requests", Retry_After="9" * 5000), "RATE_LIMIT", 86_400),
        (respond("429 Too Many Requests", Retry_After="soon"), "RATE_LIMIT", None),
        (respond("429 Too Many Requests"), "RATE_LIMIT", None),
        (respond("500 Internal Server Error", b"secret"), "UPSTREAM_5XX", None),
        (respond("503 Service Unavailable", Retry_After="5"), "UPSTREAM_5XX", 5),
        (respond("304 Not Modified"), "UPSTREAM_3XX", None),
        (respond("200 OK", b"x", Content_Encoding="gzip, gzip"), "UNSUPPORTED_ENCODING", None),
        (respond("200 OK", b"torn", Content_Length="5"), "NETWORK_ERROR", None),
        (respond("200 OK", b"5\r\nto", Transfer_Encoding="chunked"), "NETWORK_ERROR", None),
        (respond("200 OK", gzip.compress(b"torn")[:-1], Content_Encoding="gzip"), "NETWORK_ERROR", None),
        (respond("200 OK", b"not packed", Content_Encoding="gzip"), "NETWORK_ERROR", None),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "NETWORK_ERROR", None),
        (b"", "NETWORK_ERROR", None),
    ],
)
async def test_failures_have_stable_codes(server: Server, answer: bytes, code: str, retry_after: object) -> None:
    server.answers["/"] = answer
    failed = await failure(server.url())
    assert (failed.code, failed.retry_after) == (code, retry_after)
    assert "secret" not in failed.message


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert (await failure(f"http://127.0.0.1:{taken.getsockname()[1]}/")).code == "NETWORK_ERROR"


async def test_announced_size_over_the_limit(server: Server) -> None:
    server.answers["/"] = respond("200 OK", b"x", Content_Length="1001")
    failed = await failure(server.url(), max_bytes=1000)
    assert (failed.code, failed.message) == ("DOWNLOAD_TOO_LARGE", "The file is larger than 1,000 bytes.")


@pytest.mark.parametrize(
    ("sent", "wanted", "code"),
    [
        ("application/pdf; version=1.7", ["application/pdf"], None),
        ("application/octet-stream", ["application/pdf"], None),
        ("nonsense", ["application/pdf"], None),
        ("text/html; charset=utf-8", [], None),
        ("text/html; charset=utf-8", ["application/pdf"], "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_media_types_that_are_wanted(server: Server, sent: str, wanted: list[str], code: str | None) -> None:
    server.answers["/"] = respond("200 OK", b"body", Content_Type=sent)
    received = bytearray()

    async def sink(data: bytes) -> None:
        received.extend(data)

    async with outbound_client(allow=LOOPBACK) as client:
        fetching = download(client, server.url(), sink, max_bytes=10, media_types=wanted)
        if code is None:
            await fetching
        else:
            with pytest.raises(DownloadFailed) as caught:
                await fetching
            assert caught.value.code == code
    assert bytes(received) == (b"" if code else b"body")


@pytest.mark.parametrize("packed", [False, True])
async def test_endless_body_stops_at_the_limit(server: Server, packed: bool) -> None:
    packer = zlib.compressobj(wbits=31)
    stopped = asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        encoding = b"Content-Encoding: gzip\r\n" if packed else b""
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + encoding + b"\r\n")
        try:
            while True:
                data = packer.compress(bytes(1 << 20)) if packed else bytes(65_536)
                writer.write(b"%x\r\n%b\r\n" % (len(data), data) if data else b"")
                await writer.drain()
                await asyncio.sleep(0)  # the client runs in this loop as well
        except ConnectionError:
            stopped.set()

    server.answers["/"] = endless
    received: list[int] = []

    async def sink(data: bytes) -> None:
        received.append(len(data))

    async with outbound_client(allow=LOOPBACK) as client:
        with pytest.raises(DownloadFailed) as caught:
            await download(client, server.url(), sink, max_bytes=1 << 20)
    assert caught.value.code == "DOWNLOAD_TOO_LARGE"
    assert sum(received) <= 1 << 20
    assert max(received) <= 1 << 18
    await asyncio.wait_for(stopped.wait(), patient(10))


@pytest.mark.parametrize("size", [0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 1 << 20, 5_000_000])
@pytest.mark.parametrize("random_part", [0, 100_000])
async def test_gzip_that_was_not_asked_for(server: Server, size: int, random_part: int) -> None:
    body = bytes(size) + random.Random(size).randbytes(random_part)
    packed = gzip.compress(body) + gzip.compress(b"second member")
    server.answers["/"] = respond("200 OK", packed, Content_Encoding="gzip")
    _, received = await fetch(server.url(), max_bytes=1 << 23)
    assert received == body + b"second member"


async def test_slow_drip_ends_with_the_total_time(server: Server) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    server.answers["/"] = drip
    failed = await failure(server.url(), max_seconds=0.3)
    assert (failed.code, failed.message) == ("TIMEOUT", "The download took longer than 0.3 seconds.")


async def test_errors_of_the_sink_pass_through(server: Server) -> None:
    server.answers["/"] = respond("200 OK", b"x")

    async def full(data: bytes) -> None:
        raise TimeoutError("the storage is slow")

    async with outbound_client(allow=LOOPBACK) as client:
        with pytest.raises(TimeoutError, match="the storage is slow"):
            await download(client, server.url(), full, max_bytes=10)
