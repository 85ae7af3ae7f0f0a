"""Programs that listen on a port while a test needs them, and what is around the servers of an nginx's settings."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.patience import within

_AROUND_NGINX: Final = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {servers}
}}
"""


def find_program(name: str) -> str:
    """Its path; the test is skipped where it is not installed."""
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip(f"{name} is not installed: script/proxies")
    return program


def nginx_command(program: str, folder: Path, servers: str) -> list[str]:
    """nginx with these servers, as a process of its own that leaves everything in the folder."""
    (folder / "settings").write_text(_AROUND_NGINX.format(folder=folder, servers=servers))
    return [program, "-e", "stderr", "-c", f"{folder}/settings", "-p", str(folder)]


@asynccontextmanager
async def listening(command: Sequence[str | Path], port: int, folder: Path, **options: Any) -> AsyncIterator[None]:
    """The program, from when it listens on a port of this machine. Its output is in `log` in the folder."""
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, **options)
    try:
        async with within(15):
            while not await _answers(port):
                assert process.returncode is None, (folder / "log").read_text()
                await asyncio.sleep(0.02)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
