"""Whose word about a request's origin is believed: with headers alone, in the service, and behind a real nginx."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.accounts.administrator import FirstAdministrator
from app.kit.web.proxies import ProxyNotReadable, TrustedProxies, read_address, read_forwarded, read_x_forwarded
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.database import PostgresServer, fresh_database
from tests.files.bodies import query
from tests.listening import find_program, listening, nginx_command
from tests.patience import patient
from tests.processes import free_port

PROXIES = TrustedProxies(["10.0.0.0/8", "192.0.2.7", "2001:db8:f::/48", "unix"])


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:5012", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("192.0.2.1:port", None),
        ("192.0.2.999", None),
        ("[192.0.2.1", None),
        ("1" * 60_000, None),
    ],
)
def test_address_as_proxies_write_it(written: str, address: str | None) -> None:
    found = read_address(written)
    assert (str(found) if found else None) == address


@pytest.mark.parametrize(
    ("peer", "sources", "client"),
    [
        ("10.1.2.3", ["198.51.100.4"], "198.51.100.4"),
        ("10.1.2.3", ["6.6.6.6, 198.51.100.4"], "198.51.100.4"),
        ("10.1.2.3", ["6.6.6.6", "198.51.100.4, 192.0.2.7"], "198.51.100.4"),
        ("10.1.2.3", ["10.9.9.9, 10.8.8.8"], "10.9.9.9"),
        ("10.1.2.3", ["6.6.6.6, nonsense"], "10.1.2.3"),
        ("10.1.2.3", ["6.6.6.6, , 10.4.4.4"], "10.4.4.4"),
        ("10.1.2.3", [""], "10.1.2.3"),
        ("2001:db8:f::1", ["2001:db8:1::5"], "2001:db8:1::5"),
        ("::ffff:10.1.2.3", ["198.51.100.4"], "198.51.100.4"),
        (None, ["198.51.100.4"], "198.51.100.4"),
        ("198.51.100.9", ["6.6.6.6"], "198.51.100.9"),
    ],
)
def test_client_is_the_last_that_no_proxy_vouches_beyond(peer: str | None, sources: list[str], client: str) -> None:
    assert PROXIES.find_client(peer, read_x_forwarded(sources, []))[0] == client


@pytest.mark.parametrize(
    ("sources", "schemes", "scheme"),
    [
        (["198.51.100.4"], ["https"], "https"),
        (["198.51.100.4, 10.2.2.2"], ["https"], "https"),
        (["198.51.100.4, 10.2.2.2"], ["https, http"], "https"),
        (["6.6.6.6, 198.51.100.4"], ["https, http"], "http"),
        (["198.51.100.4"], ["https, http"], "http"),
        ([], ["HTTPS"], "https"),
        (["198.51.100.4"], [], ""),
    ],
)
def test_scheme_is_what_the_outermost_trusted_proxy_saw(sources: list[str], schemes: list[str], scheme: str) -> None:
    assert PROXIES.find_client("10.1.2.3", read_x_forwarded(sources, schemes))[1] == scheme


def test_forwarded_as_the_rfc_writes_it() -> None:
    written = 'for=192.0.2.43;proto=http, For="[2001:db8:cafe::17]:4711" ; Proto=HTTPS;by="_a\\"b", for=unknown'
    assert read_forwarded([written, "for=10.0.0.1"]) == [
        ("192.0.2.43", "http"),
        ("[2001:db8:cafe::17]:4711", "https"),
        ("unknown", ""),
        ("10.0.0.1", ""),
    ]
    assert read_forwarded(['for="unfinished', "; ;;", "", "for"]) == []
    assert PROXIES.find_client("10.1.1.1", read_forwarded(["for=6.6.6.6;proto=https, for=198.51.100.4"])) == (
        "198.51.100.4",
        "",
    )


@pytest.mark.parametrize("piece", ["for=", 'for="', "a=b;", "a=b,", " ", '"\\', "1.1.1.1,", "[", ":"])
def test_longest_header_is_read_in_time(piece: str) -> None:
    value = piece * (64 * 1024 // len(piece))
    began = time.perf_counter()
    PROXIES.find_client("10.1.1.1", read_forwarded([value]))
    PROXIES.find_client("10.1.1.1", read_x_forwarded([value], [value]))
    assert time.perf_counter() - began < patient(1)


@pytest.mark.parametrize("entry", ["proxy.example.org", "10.0.0.0/33", "1.2.3", "unix:/run/x"])
def test_what_is_no_address_is_refused(entry: str) -> None:
    with pytest.raises(ProxyNotReadable, match="TRANCHE_TRUSTED_PROXIES"):
        TrustedProxies(["10.0.0.1", entry])


def test_older_name_of_the_setting_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.1, 10.0.0.2")
    assert make_settings(tmp_path, None).trusted_proxies == "10.0.0.1, 10.0.0.2"
    monkeypatch.setenv("TRANCHE_TRUSTED_PROXIES", "10.0.0.3")
    assert make_settings(tmp_path, None).trusted_proxies == "10.0.0.3"


async def seen_by(api: Api, url: str, **headers: str) -> tuple[str | None, bool]:
    """The address that a batch from there is kept with, and whether a sign-in there gets a Secure cookie."""
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=patient(30)) as client:
        authorization = {"Authorization": f"Bearer {ADMIN_KEY}"}
        body = {"pipeline": "no-op", "items": [{"record": {}}]}
        made = await client.post("/api/batches", json=body, headers=authorization)
        assert made.status_code == 201, made.text
        signed_in = await client.post("/api/session", json={"key": ADMIN_KEY})
    client = await query(api, "select client_ip from batches where id = :id", id=made.json()["batch_id"])
    return client, "; secure" in signed_in.headers["Set-Cookie"].lower()


@asynccontextmanager
async def service(postgres: PostgresServer, home: Path, host: str = "127.0.0.1", **values: Any) -> AsyncIterator[Api]:
    async with fresh_database(postgres) as url, serving(make_settings(home, url, **values), host) as api:
        yield api


async def test_headers_of_an_untrusted_peer_are_ignored(postgres: PostgresServer, home: Path) -> None:
    spoofed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Forwarded": "for=203.0.113.9"}
    async with service(postgres, home, trusted_proxies="192.0.2.1") as api:
        assert await seen_by(api, str(api.base_url), **spoofed) == ("127.0.0.1", False)


async def test_only_the_header_that_the_proxies_write_is_read(postgres: PostgresServer, home: Path) -> None:
    both = {"X-Forwarded-For": "203.0.113.1", "Forwarded": "for=203.0.113.2;proto=https"}
    async with service(postgres, home) as api:
        assert await seen_by(api, str(api.base_url), **both) == ("203.0.113.1", False)
    async with service(postgres, home, proxy_header="forwarded") as api:
        assert await seen_by(api, str(api.base_url), **both) == ("203.0.113.2", True)


async def test_proxy_that_cannot_be_read_is_said_at_the_start(postgres: PostgresServer, home: Path) -> None:
    with pytest.raises(ProxyNotReadable):
        async with service(postgres, home, trusted_proxies="my-proxy"):
            pass


SERVER = """
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://{upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto {scheme};
    }}
  }}
"""


@asynccontextmanager
async def nginx(upstream: str, scheme: str = "https") -> AsyncIterator[str]:
    """nginx in front of a service; gives its address. The test is skipped where there is none."""
    program = find_program("nginx")
    folder, port = Path(tempfile.mkdtemp(prefix="tranche-nginx-")), free_port()
    command = nginx_command(program, folder, SERVER.format(port=port, upstream=upstream, scheme=scheme))
    try:
        async with listening(command, port, folder):
            yield f"http://127.0.0.1:{port}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_nginx_is_believed_about_its_clients_and_they_are_not(postgres: PostgresServer, home: Path) -> None:
    async with service(postgres, home) as api:
        async with nginx(f"127.0.0.1:{api.base_url.port}") as front:
            # nginx appends its own peer, 127.0.0.1, which is trusted as well: so the entry before it counts.
            assert await seen_by(api, front, **{"X-Forwarded-For": "203.0.113.9"}) == ("203.0.113.9", True)
        async with nginx(f"127.0.0.1:{api.base_url.port}", "http") as front:
            assert await seen_by(api, front, **{"X-Forwarded-Proto": "https"}) == ("127.0.0.1", False)
    async with (
        service(postgres, home, trusted_proxies="192.0.2.1") as api,
        nginx(f"127.0.0.1:{api.base_url.port}") as front,
    ):
        assert await seen_by(api, front, **{"X-Forwarded-For": "203.0.113.9"}) == ("127.0.0.1", False)


async def test_nginx_reaches_the_service_by_a_unix_socket(postgres: PostgresServer, home: Path) -> None:
    path = home / "tranche.sock"
    async with service(postgres, home, f"unix:{path}", trusted_proxies="unix") as api:
        assert (await api.get("/healthz")).status_code == 200
        async with nginx(f"unix:{path}") as front:
            # The peer of nginx is not trusted here, so what that peer says is not believed.
            assert await seen_by(api, front, **{"X-Forwarded-For": "203.0.113.9"}) == ("127.0.0.1", True)
    async with service(postgres, home, f"unix:{path}", trusted_proxies="127.0.0.1") as api:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://h") as client:
            link = api.installation.get(FirstAdministrator).sign_in_token
            answer = await client.post("/sign-in", data={"token": link}, headers={"X-Forwarded-Proto": "https"})
        assert "secure" not in answer.headers["Set-Cookie"].lower()
