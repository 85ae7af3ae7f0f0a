"""Clients that generators make from openapi.json type-check, sign in, submit files, follow them, and know a Problem."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tests.patience import patient

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = ROOT / "clients"
PYTHON = ROOT / ".venv" / "clients" / "bin"
MODULES = CLIENTS / "node_modules"
pytestmark = pytest.mark.timeout(patient(300))
PROBLEMS = [[404, "batch_not_found"], [409, "invalid_transition"], [422, "unknown_pipeline"], [401, "invalid_key"]]


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    """Below a path, which clients are given as part of the service's address."""
    return {"public_url": "https://host.example/tranche/"}


async def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """What the command printed; fails with everything that it said when it fails."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=cwd,
        env=os.environ | env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    return said


@pytest.fixture(scope="module")
async def generators() -> None:
    """Installs the generators where they are missing and can be installed."""
    try:
        await run(ROOT / "script" / "clients", cwd=ROOT)
    except AssertionError as said:
        pytest.skip(f"script/clients could not install the generators: {said}"[:500])


@pytest.fixture(scope="module")
async def document(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """openapi.json of the running service, in a folder of its own."""
    path = tmp_path_factory.mktemp("clients") / "openapi.json"
    path.write_text((await api.get("/openapi.json")).text)
    return path


def check(seen: dict[str, Any], files: list[str]) -> None:
    assert seen["status"] == "completed"
    assert seen["files"] == files
    assert seen["events"][0] == "batch.created"
    assert "batch.completed" in seen["events"]
    assert [list(problem) for problem in seen["problems"]] == PROBLEMS


async def test_python_client(api: Api, generators: None, document: Path) -> None:
    folder = document.parent
    config = folder / "config.json"
    config.write_text(json.dumps({"post_hooks": [], "package_name_override": "tranche_client"}))
    package = folder / "tranche_client"
    options = ("--meta", "none", "--config", config, "--output-path", package)
    said = await run(PYTHON / "openapi-python-client", "generate", "--path", document, *options, cwd=folder)
    left_out = [line for line in said.splitlines() if "WARNING" in line or "Unable" in line]
    assert all("restaurants" in line for line in left_out), said  # CSV bodies, which it does not know
    program = shutil.copy(CLIENTS / "follow_batch.py", folder)
    checker = (sys.executable, "-m", "mypy", "--python-executable", PYTHON / "python", "--config-file", os.devnull)
    await run(*checker, "--no-incremental", program, package, cwd=folder, MYPYPATH=str(folder))
    seen = json.loads(await run(PYTHON / "python", program, str(api.base_url.join("/tranche")), api.key, cwd=folder))
    check(seen, ["a.txt", "b.txt"])


async def test_typescript_client(api: Api, generators: None, document: Path) -> None:
    folder = document.parent / "typescript"
    folder.mkdir()
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    shutil.copy(CLIENTS / "follow-batch.ts", folder)
    tools = MODULES / ".bin"
    await run(
        tools / "openapi-typescript", document, "--default-non-nullable", "false", "--output", "schema.d.ts", cwd=folder
    )
    options = ("--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable")
    await run(tools / "tsc", "--strict", *options, "follow-batch.ts", cwd=folder)
    seen = json.loads(await run("node", "follow-batch.js", str(api.base_url.join("/tranche")), api.key, cwd=folder))
    check(seen, ["0.txt", "1.txt"])
