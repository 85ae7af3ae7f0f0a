"""Runs schemathesis against the service in a process of its own; arguments go to `schemathesis run`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import WORKLOADS
from tests.database import make_home
from tests.live import LiveServer

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
STREAMS = ("/events", "/stream")
"""Operations whose answers do not end by themselves."""


def run(*arguments: str) -> int:
    """Its exit code: 0 when every answer was one that openapi.json describes."""
    server = LiveServer(make_home(), WORKLOADS, TRANCHE_WORKER="off", TRANCHE_RATE_KEY_PER_MINUTE="1000000")
    server.start()
    try:
        command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json"]
        command += ["--header", f"Authorization: Bearer {server.admin_key}", "--checks", ",".join(CHECKS)]
        command += ["--exclude-path-regex", "/events$", "--request-timeout", "20", "--no-color"]
        return subprocess.run([*command, *arguments], check=False, cwd=server.home).returncode
    finally:
        server.destroy()


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
