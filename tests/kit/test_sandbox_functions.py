"""Which functions a sandbox can run: given or named, of modules, of files in folders and of scripts."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest
import pytest_asyncio

from app.kit.sandbox.sandbox import Sandbox
from tests.patience import patient

LONG = 600
"""Seconds: a limit that no call here reaches."""


class NotRight(Exception):
    """Of the function's own module, so that it is raised here as well."""


def refuse(word: str) -> None:
    raise NotRight(word)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(workers=1, memory_bytes=1 << 28, cpu_seconds=5)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


async def test_function_by_name(sandbox: Sandbox) -> None:
    """Its module is imported by the child alone, and its own exceptions come back like those of a function given."""
    found: list[int] = await sandbox.run("colorsys:rgb_to_hsv", 1, 1, 1, timeout=LONG)
    assert found == [0.0, 0.0, 1]
    with pytest.raises(NotRight, match="not so"):
        await sandbox.run(f"{__name__}:refuse", "not so", timeout=LONG)


@pytest.mark.parametrize("name", ["echo", "no.module", "json:", ":loads", "json:a b", "json:<lambda>", ""])
async def test_names_that_are_none_are_refused(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a function"):
        await sandbox.run(name, timeout=LONG)


@pytest.mark.parametrize("name", ["json:no_such", "no_such_module:loads"])
async def test_names_that_lead_nowhere_are_errors(sandbox: Sandbox, name: str) -> None:
    with pytest.raises((AttributeError, ModuleNotFoundError), match="no_such"):
        await sandbox.run(name, timeout=LONG)


async def test_functions_without_a_name_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="not a function at the top level"):
        await sandbox.run(lambda: None, timeout=LONG)


def load(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["module_from_a_folder", "calendar", "package.inner"])
async def test_module_from_a_folder(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def double(n):\n    return 2 * n\n")
    assert await sandbox.run(load(name, file).double, 21, timeout=LONG) == 42


async def test_function_of_a_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import asyncio\n"
        "from app.kit.sandbox.sandbox import Sandbox\n"
        "def double(n):\n    return 2 * n\n"
        "if __name__ == '__main__':\n"
        "    sandbox = Sandbox(workers=1, memory_bytes=1 << 28, cpu_seconds=5)\n"
        "    print(asyncio.run(sandbox.run(double, 21, timeout=600)))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script)]
    ended = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, timeout=patient(30))
    assert (ended.stdout, ended.stderr) == (b"42\n", b"")
