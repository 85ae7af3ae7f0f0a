"""The service below a path of its host: all it answers names that path, whether or not the proxy leaves it there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from app.settings import OWN_SEGMENTS, Settings
from tests.auth.one_of_each import SHARED, filled, make_one_of_each, only_streams, routes
from tests.batch_helpers import follow, submit
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.patience import patient

ROOT = "/teams/b%C3%BCro"
PUBLIC_URL = f"https://host.example{ROOT}"
EXAMPLES = Path(__file__).parents[2] / "examples"
_LEAK = re.compile(rf"(?<![\w%./-])/(?:{'|'.join(map(re.escape, OWN_SEGMENTS))})(?=[/\"?#'>&\s]|$)")
"""A path of the service that nothing stands before."""


async def look_for_leaks(answer: httpx.Response) -> None:
    """A path in an answer or its headers that leads out of the service's own."""
    told = [answer.headers.get(name, "") for name in ("Location", "Link")]
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if kind in ("application/json", "application/problem+json", "text/html"):
        await answer.aread()
        told.append(answer.text)
    found = [match[0] for text in told for match in _LEAK.finditer(text)]
    assert answer.request.url.path.endswith("/openapi.json") or not found, f"{answer.request.url}: {found} in {told}"


@pytest.fixture(scope="module")
async def root_url(home: Path, database_url: str) -> AsyncIterator[Api]:
    """A client of the service as a proxy that strips the path reaches it."""
    async with serving(make_settings(home, database_url, public_url=f"{PUBLIC_URL}/")) as api:
        api.event_hooks = {"response": [look_for_leaks]}
        yield api


@pytest.fixture(scope="module")
async def below(root_url: Api) -> AsyncIterator[Api]:
    """A client as a proxy that leaves the path reaches it."""
    async with Api(
        base_url=root_url.base_url.join(f"{ROOT}/"),
        headers=root_url.headers,
        event_hooks=root_url.event_hooks,
        timeout=root_url.timeout,
    ) as client:
        client.app, client.settings, client.installation = root_url.app, root_url.settings, root_url.installation
        client.organisation, client.key = root_url.organisation, root_url.key
        yield client


async def test_no_answer_leads_out(below: Api, root_url: Api) -> None:
    values = await make_one_of_each(below)
    openapi = (await below.get("/openapi.json")).json()
    assert openapi["servers"] == [{"url": ROOT}]
    asked = 0
    for method, path in routes(openapi):
        if method != "GET" or only_streams(openapi, path) or (path in SHARED and path != "/api/pipelines/{key}"):
            continue
        for client in (below, root_url):
            answer = await client.get(filled(path, values | {"key": "no-op"}))
            assert answer.status_code < 500, f"{path}: {answer.text}"
            asked += answer.is_success
    assert asked > 60
    for path in ("/", "/docs", "/sign-in?token=none", "/invitation?code=none", "/r/none", "/api/nothing", "/nothing"):
        assert (await below.get(path)).status_code in (200, 404, 410)


async def test_links_of_a_batch_are_the_same_by_both_ways(below: Api, root_url: Api) -> None:
    async with httpx.AsyncClient(headers=below.headers) as anybody:
        for client in (below, root_url):
            made = await client.post(
                "/api/batches",
                json={"pipeline": "no-op", "items": [{"record": {}}]},
                headers={"Idempotency-Key": "one-and-the-same"},
            )
            body = made.json()
            links = body["links"]
            assert made.headers["Location"] == links["self"] == f"{ROOT}/api/batches/{body['batch_id']}"
            await follow(client, body["batch_id"])
            # As RFC 3986 resolves what is in an answer: against the address that it came from.
            for link in links.values():
                assert (await anybody.get(below.base_url.join(link))).status_code == 200
        ticket = (await below.post(f"/api/batches/{body['batch_id']}/stream-tickets")).json()
        assert ticket["url"].startswith(f"{ROOT}/api/batches/")
        code = (await below.post(f"/api/batches/{body['batch_id']}/result-codes")).json()
        assert code["links"]["page"] == f"{PUBLIC_URL}/r/{code['code']}"
        page = await anybody.get(f"{below.base_url}r/{code['code']}")
        for address in re.findall(r'(?:href|src)="([^"]+)"', page.text):
            assert (await anybody.get(below.base_url.join(address))).status_code == 200, address


async def test_lists_lead_on(below: Api, root_url: Api) -> None:
    await submit(below, "no-op", [{}])
    await submit(below, "no-op", [{}])
    for client in (below, root_url):
        link = (await client.get("/api/batches?limit=1")).headers["Link"]
        target = link.removeprefix("<").partition(">")[0]
        assert target.startswith(f"{ROOT}/api/batches?limit=1&cursor=")
        assert (await client.get(below.base_url.join(target))).status_code == 200


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("?a=b&c=%20", "/?a=b&c=%20"),
        ("/docs/", "/docs"),
        ("/api/batches/?limit=1", "/api/batches?limit=1"),
        ("/api/data-batch-types?x=1", None),
    ],
)
async def test_slashes_at_the_end(below: Api, path: str, target: str | None) -> None:
    answer = await below.get(httpx.URL(str(below.base_url).rstrip("/") + path))
    assert answer.headers.get("Location") == (None if target is None else ROOT + target)


@pytest.mark.parametrize("path", ["/teams", "/teams/", "/teams/b%C3%BCrokrat/api/session", "/teams/b%C3%BCro%2Fapi"])
async def test_what_only_begins_like_the_path_is_not_there(root_url: Api, path: str) -> None:
    assert (await root_url.get(path)).status_code == 404


async def test_encoded_and_plain_path_are_one(root_url: Api) -> None:
    for written in (ROOT, ROOT.lower(), "/teams/%62%C3%BCro"):
        assert (await root_url.get(f"{written}/api/session")).status_code == 200


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_cookies_are_for_the_path_alone(below: Api, scheme: str) -> None:
    headers = {"X-Forwarded-Proto": scheme}
    async with httpx.AsyncClient(base_url=below.base_url, headers=headers) as browser:
        answer = await browser.post("/api/session", json={"key": ADMIN_KEY})
        cookie = answer.headers["Set-Cookie"]
        name, value = cookie.partition(";")[0].split("=", 1)
        assert f"; Path={ROOT};" in cookie
        assert name.startswith("__Secure-tranche_session_" if scheme == "https" else "tranche_session_")
        # A browser also sends the cookie of a service at the root of the same host, after ours (RFC 6265, 5.4).
        both = {"Cookie": f"{name}={value}; tranche_session=other; __Host-tranche_session=other"}
        browser.cookies.clear()
        assert (await browser.get("/api/session", headers=both)).status_code == 200
        gone = await browser.delete("/api/session", headers=both)
        assert gone.headers["Set-Cookie"].startswith(f'{name}=""')
        assert f"; Path={ROOT};" in gone.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://host.example", 201), ("http://host.example:8443", 403), ("https://other.example", 403)],
)
async def test_a_proxy_that_changes_host_is_no_other_site(below: Api, origin: str, status: int) -> None:
    async with httpx.AsyncClient(base_url=below.base_url) as browser:
        await browser.post("/api/session", json={"key": ADMIN_KEY})
        answer = await browser.post("/api/keys", json={"name": "mine"}, headers={"Origin": origin})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://host.example", "https://host.example"),
        ("https://host.example/", "https://host.example"),
        ("HTTPS://Host.Example:443/Tranche//", None),
        ("HTTPS://Host.Example:443/Tranche/", "https://host.example/Tranche"),
        ("http://host:8080/a/b", "http://host:8080/a/b"),
        ("https://bücher.example/bü ro", "https://xn--bcher-kva.example/b%C3%BC%20ro"),
        ("https://host.example/a/../b", "https://host.example/b"),
        *((wrong, None) for wrong in ("ftp://host", "host.example/tranche", "https://", "/tranche", "https://h/a;b")),
        *(
            (wrong, None)
            for wrong in ("https://h/?a=b", "https://h/#a", "https://user@h/", "https://h/api/", "https://h/a&b")
        ),
    ],
)
def test_public_url_is_an_address_or_refused(written: str, read: str | None) -> None:
    if read is None:
        with pytest.raises(ValidationError, match="public_url"):
            Settings(public_url=written, _env_file=None)
    else:
        assert Settings(public_url=written, _env_file=None).public_url == read


def test_every_path_of_the_service_is_told_from_a_root(root_url: Api) -> None:
    paths = [*root_url.app.openapi()["paths"], *(getattr(route, "path", "/") for route in root_url.app.routes)]
    assert {path.split("/")[1] for path in paths if path} - {""} <= OWN_SEGMENTS


async def test_programs_reach_it_below_the_path(below: Api, tmp_path: Path) -> None:
    url = str(below.base_url).rstrip("/")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE"))}
    environment |= {"TRANCHE_HOME": str(tmp_path), "KEY": below.key}

    async def run(*command: str | Path) -> str:
        """What a program printed, which is given the key on its standard input as well."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            cwd=EXAMPLES.parent,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await asyncio.wait_for(process.communicate(f"{below.key}\n".encode()), patient(60))
        assert process.returncode == 0, printed.decode()
        return printed.decode()

    options = ("--pipeline", "checksum", "--server", url, "--key", below.key, "--watch", "-o", tmp_path / "out.zip")
    assert "completed" in await run(sys.executable, "-m", "app", "submit", EXAMPLES / "follow.sh", *options)
    assert zipfile.is_zipfile(tmp_path / "out.zip")
    batch = (await below.get("/api/batches?limit=1")).json()["batches"][0]["id"]
    assert "batch.completed" in await run(sys.executable, EXAMPLES / "follow.py", url, batch)
    assert '"batch.completed"' in await run("sh", EXAMPLES / "follow.sh", url, batch)
