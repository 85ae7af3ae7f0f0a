"""What the console's files promise without a browser: headers, a strict policy, a small first load."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.console.router import STATIC, router

MOST_GZIPPED = 60_000
MOST_LINES = 400
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())
MODULES = [path for path in FILES if path.suffix == ".js"]
PAGE = (STATIC / "index.html").read_text()


def _code(module: Path) -> str:
    """Without comments, whose types are imported by the type checker and by nobody else."""
    return re.sub(r"/\*.*?\*/", "", module.read_text(), flags=re.DOTALL)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/console/main.js", "text/javascript; charset=utf-8"),
        ("/console/console.css", "text/css; charset=utf-8"),
        ("/console/icons.svg", "image/svg+xml"),
    ],
)
async def test_files_carry_policy_and_media_type(client: httpx.AsyncClient, path: str, media_type: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    policy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    assert answer.headers["content-security-policy"] == policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_text_goes_out_compressed(client: httpx.AsyncClient) -> None:
    packed = await client.get("/console/main.js", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/console/main.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.text == plain.text == (STATIC / "main.js").read_text()


async def test_unchanged_file_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/console/main.js")
    again = await client.get("/console/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["", "screens", "none.js", "%2e%2e/router.py", "%00", "a" * 300])
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/console/{path}")).status_code == 404


def test_page_needs_nothing_that_the_policy_refuses() -> None:
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", PAGE)
    for address in re.findall(r'(?:src|href)="([^"#]+)', PAGE):
        assert address.startswith("/console/")
        assert (STATIC / address.removeprefix("/console/")).is_file()


def test_modules_import_only_what_is_there() -> None:
    for module in MODULES:
        for name in re.findall(r"""(?:from|import)[ (]+['"]([^'"]+)['"]""", _code(module)):
            assert name.startswith("."), f"{module.name} imports {name}"
            assert (module.parent / name).resolve().is_file(), f"{module.name} imports {name}"


def test_icons_that_are_named_exist() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = set(re.findall(r'data-icon="([\w-]+)"', PAGE))
    for module in MODULES:
        named |= set(re.findall(r"\bicon\('([\w-]+)'\)", module.read_text()))
    assert named <= drawn


def _modules_at_once(module: Path, known: set[Path]) -> set[Path]:
    """The module and what it imports before it runs; `import()` is left for later."""
    if module not in known:
        known.add(module)
        for name in re.findall(r"from '([^']+)'", _code(module)):
            _modules_at_once((module.parent / name).resolve(), known)
    return known


def test_files_stay_small() -> None:
    first_load = {path for path in FILES if path.suffix != ".js" and path.parent == STATIC}
    first_load |= _modules_at_once(STATIC.resolve() / "main.js", set())
    names = {path.name for path in first_load}
    assert "batches.js" in names
    assert not names & {"batch.js", "new.js"}
    assert sum(len(gzip.compress(path.read_bytes())) for path in first_load) < MOST_GZIPPED
    for path in FILES:
        assert path.read_text().count("\n") <= MOST_LINES, path.name
