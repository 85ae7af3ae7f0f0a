"""What a contributor does: `alembic check`, and a migration that passes our own checks as Alembic writes it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.database import PostgresServer, fresh_database

ROOT = Path(__file__).resolve().parent.parent.parent
CHANGES = """
alter table restaurants drop column city;
alter table plays alter column output_type drop default;
drop index ix_jobs_checksum;
create table weather (id uuid primary key, batch_id uuid references batches (id));
"""


def alembic(folder: Path, url: str, *arguments: str) -> str:
    """What Alembic says in a checkout, on a database, or on none of its own when the address is empty."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRANCHE_")}
    environment = clean | {"DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "alembic", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def lint(folder: Path, *arguments: str | Path) -> str:
    """What ruff has against it, by the settings in this folder."""
    command = [sys.executable, "-m", "ruff", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


def test_a_clone_is_checked_without_a_database() -> None:
    assert "No new upgrade operations detected" in alembic(ROOT, "", "check")


async def test_what_is_written_passes_our_checks(postgres: PostgresServer, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "alembic", tmp_path / "alembic", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("alembic.ini", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    files = set((tmp_path / "alembic" / "versions").glob("*.py"))
    async with fresh_database(postgres) as url:
        said = alembic(tmp_path, url, "revision", "--autogenerate", "-m", "nothing new")
        assert "there is nothing to write" in said
        connection = await asyncpg.connect(url)
        await connection.execute(CHANGES)
        await connection.close()
        alembic(tmp_path, url, "revision", "--autogenerate", "-m", "Cities are back")
    (written,) = set((tmp_path / "alembic" / "versions").glob("*.py")) - files
    text = written.read_text("utf-8")
    assert written.name == f"tranche_{len(files) + 1:04}_cities_are_back.py"
    assert text.startswith('"""Cities are back."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n')
    for change in ("op.add_column(", "op.create_index(", "server_default=", "op.drop_table("):
        assert change in text
    assert [lint(tmp_path, *check, written) for check in (["check"], ["format", "--check"])] == ["", ""]


def lint_sql(script: Path) -> set[str]:
    """The rules of squawk that a script breaks, by our settings."""
    squawk = Path(sys.executable).parent / "squawk"
    if not squawk.exists():
        pytest.skip("squawk is not installed")
    command = [squawk, "--config", ROOT / ".squawk.toml", "--reporter", "json", script]
    found = json.loads(subprocess.run(command, capture_output=True, text=True).stdout or "[]")
    return {entry["rule_name"] for entry in found}


def test_migrations_since_the_first_release_hold_no_lock_for_long(tmp_path: Path) -> None:
    script = tmp_path / "migrations.sql"
    script.write_text(alembic(ROOT, "", "upgrade", "tranche_0003:head", "--sql"))
    assert lint_sql(script) == set()


def test_what_holds_a_lock_for_long_is_found(tmp_path: Path) -> None:
    script = tmp_path / "migrations.sql"
    script.write_text(
        "begin;\ncreate index ix_jobs_stage on jobs (stage);\nalter table jobs drop column stage;\n"
        "-- squawk-ignore renaming-column\nalter table jobs rename column item to file;\ncommit;\n"
    )
    assert lint_sql(script) == {"require-concurrent-index-creation", "ban-drop-column"}
