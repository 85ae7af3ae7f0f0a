"""Runs schemathesis against an installation with one of everything; arguments go to `schemathesis run`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from tests.conftest import WORKLOADS
from tests.database import fresh_database, make_home, running_server
from tests.fuzzing.existing import make_existing
from tests.fuzzing.pristine import remember
from tests.fuzzing.reached import Reached
from tests.live import LiveServer
from tests.service import ADMIN_KEY

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
SETTINGS = {
    "TRANCHE_ADMIN_KEY": ADMIN_KEY,
    "TRANCHE_WORKER": "off",
    "TRANCHE_RATE_KEY_PER_MINUTE": "1000000",
    "TRANCHE_RATE_ORGANISATION_PER_MINUTE": "1000000",
    "TRANCHE_RATE_ADDRESS_PER_MINUTE": "0",
    "TRANCHE_RATE_WRONG_KEYS_PER_MINUTE": "100000",
    "TRANCHE_RATE_WRONG_CODES_PER_MINUTE": "100000",
    "TRANCHE_PLAY_WRITES_PER_MINUTE": "1000000",
    "TRANCHE_STREAM_HEARTBEAT_SECONDS": "0.05",
    "TRANCHE_STREAM_MAX_AGE_SECONDS": "0.1",
}
"""No request is refused for being one of many, and streams end as they do at their greatest age, only sooner."""
CONFIG = Path(__file__).with_name("schemathesis.toml")
ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> int:
    """0 when every answer was one that openapi.json describes, and every operation was truly reached."""
    return asyncio.run(_run(arguments))


async def _run(arguments: tuple[str, ...]) -> int:
    home = make_home()
    async with running_server() as postgres, fresh_database(postgres) as dsn:
        existing = await make_existing(home, dsn)
        await remember(dsn)
        (home / "existing.json").write_text(json.dumps(asdict(existing)))
        (home / "dsn").write_text(dsn)
        server = LiveServer(home, WORKLOADS, TRANCHE_DATABASE_URL=dsn, **SETTINGS)
        try:
            await asyncio.to_thread(server.start)
            code = await asyncio.to_thread(_schemathesis, server, arguments)
        finally:
            await asyncio.to_thread(server.destroy)
    reached = Reached.read(home / "reached.json")
    print(reached.table())
    shutil.rmtree(home, ignore_errors=True)
    for fault in (faults := reached.faults()):
        print(fault)
    return code or bool(faults)


def _schemathesis(server: LiveServer, arguments: tuple[str, ...]) -> int:
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "--config-file", str(CONFIG), "--no-color", "run", f"{server.url}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {ADMIN_KEY}", "--checks", ",".join(CHECKS)]
    command += ["--request-timeout", "20"]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzzing.hooks", "TRANCHE_FUZZING_FOLDER": str(server.home)}
    environment = os.environ | hooks | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([*command, *arguments], check=False, cwd=server.home, env=environment).returncode


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
