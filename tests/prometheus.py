"""A real Prometheus for a test: Debian's, which script/prometheus unpacks. None of it stays."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.patience import patient, within
from tests.processes import free_port

UNPACKED = Path.home() / ".cache" / "tranche" / "prometheus" / "usr" / "bin"


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`; skips the test without it."""
    found = shutil.which(name) or shutil.which(name, path=UNPACKED)
    if found is None:
        pytest.skip(f"{name} is not there: script/prometheus unpacks it")
    return found


def check(*arguments: str | Path, stdin: str | None = None) -> str:
    """What promtool says; fails the test when it finds something wrong."""
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=patient(60), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Prometheus:
    """A running server."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, expression: str) -> list[dict[str, Any]]:
        """The result of an instant query; fails the test when the expression cannot be evaluated."""
        answer = (await self._client.get("/api/v1/query", params={"query": expression})).json()
        assert answer["status"] == "success", (expression, answer)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


@asynccontextmanager
async def prometheus(folder: Path, configuration: str) -> AsyncIterator[Prometheus]:
    """A server with this configuration, on a free port, that ends with the block."""
    (folder / "prometheus.yml").write_text(configuration)
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with (folder / "prometheus.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=patient(20)) as client:
            async with within(30):
                while True:
                    try:
                        if (await client.get("/-/ready")).is_success:
                            break
                    except httpx.TransportError:
                        assert server.poll() is None, (folder / "prometheus.log").read_text()
                    await asyncio.sleep(0.1)
            yield Prometheus(client)
    finally:
        server.terminate()
        await asyncio.to_thread(server.wait, patient(20))
