"""What is delivered: the wheel, the lock files, the image's recipe, the scripts and the list of settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.kit import migrations
from app.settings import Settings
from tests.conftest import SECTIONS, make_home
from tests.empty_folder import serve_and_try

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
SCRIPTS = sorted(path for path in [*(ROOT / "script").iterdir(), ROOT / ".ci" / "run"] if path.is_file())
NOT_KEPT = re.compile(r"__pycache__|\.pyc$|(^|/)(tests|data|\.env)(/|$)")


def package(requirement: str) -> str:
    """`sqlalchemy` of `sqlalchemy[asyncio]>=2.1`."""
    return re.split(r"[\[<>=]", requirement)[0]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout with the pinned build tool and no network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked into a folder of its own as `pip install --target` does."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_installed(installed: Path, code: str) -> str:
    """What Python prints, started away from the checkout with the unpacked wheel first on its path."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=installed, env=clean | {"PYTHONPATH": str(installed)}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_wheel_holds_what_the_service_reads(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "app").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    versions = ROOT / "alembic" / "versions"
    revisions = [
        f"app/migrations/versions/{path.relative_to(versions)}"
        for path in versions.rglob("*")
        if path.suffix in (".py", ".sql")
    ]
    wanted = {*data, *revisions, "app/migrations/env.py", "app/runner/claim.sql", "app/console/static/index.html"}
    assert revisions
    assert wanted - names == set()
    assert [name for name in names if NOT_KEPT.search(name)] == []


def test_the_wheel_holds_only_the_package(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert tops == {"app", f"tranche-{version}.dist-info"}


def test_the_command_runs_from_the_wheel(installed: Path) -> None:
    code = (
        "import sys, app.__main__; from importlib.metadata import distribution;"
        "sys.argv = ['tranche', '--help']; print(app.__file__, flush=True);"
        "next(iter(distribution('tranche').entry_points.select(group='console_scripts'))).load()()"
    )
    shown = run_installed(installed, code)
    assert str(installed) in shown
    for command in ("serve", "worker", "submit", "watch", "migrate", "keys", "backup", "restore", "doctor"):
        assert command in shown


def test_the_wheel_finds_its_own_migrations(installed: Path) -> None:
    code = "from app.kit.migrations import Migrations, scripts; print(*Migrations().heads, scripts())"
    head, place = run_installed(installed, code).split(maxsplit=1)
    assert {head} == migrations.Migrations().heads
    assert place.strip() == str(installed / "app" / "migrations")


@pytest.mark.parametrize("name", LOCKS)
def test_locks_are_hashed_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b", text, re.MULTILINE) is None
    requirements = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert len(requirements) > 40
    assert [entry.split()[0] for entry in requirements if "--hash=sha256:" not in entry] == []


def test_locks_hold_every_dependency() -> None:
    """Whoever adds a dependency runs `script/lock`; else a fresh clone does not start."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shipped = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["build"]]
    for lock, wanted in zip(LOCKS, (shipped, shipped + project["dependency-groups"]["dev"]), strict=True):
        text = (ROOT / lock).read_text("utf-8")
        assert [entry for entry in wanted if f"\n{package(entry)}==" not in text] == []


def test_locks_agree() -> None:
    """What is tested is what is shipped."""
    runtime, dev = (
        dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE)) for name in LOCKS
    )
    assert {name: dev.get(name) for name in runtime} == runtime


def test_every_dependency_has_its_reason() -> None:
    table = (ROOT / "docs" / "decisions" / "0005-libraries.md").read_text("utf-8")
    named = re.findall(r"^\| ([a-z][\w.-]*) \d", table, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert sorted(named) == sorted(map(package, project["dependencies"]))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_plain_shell(script: Path) -> None:
    text = script.read_text("utf-8")
    assert text.startswith("#!/bin/sh\n# "), "says what it does"
    assert "\nset -eu\n" in text
    assert os.access(script, os.X_OK)
    assert re.search(r"\[\[|\bfunction\b|\blocal\b|\bsource\b|\r|\t", text) is None, "runs in any POSIX shell"
    assert subprocess.run(["sh", "-n", script], capture_output=True).stderr == b""


def test_the_image_copies_what_it_is_sent() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    sources = {source for line in copies for source in line.split()}
    assert sources == sent
    assert [source for source in sources if not (ROOT / source).exists()] == []


def shown_settings() -> dict[str, tuple[str, str]]:
    """Name -> (comment above it, value) of each line of .env.example."""
    shown, comment = {}, ""
    for line in (ROOT / ".env.example").read_text("utf-8").splitlines():
        if match := re.fullmatch(r"#([A-Z_]+)=(.*)", line):
            assert match[1] not in shown
            shown[match[1]] = (comment, match[2])
            comment = ""
        else:
            comment = f"{comment} {line.removeprefix('# ')}".strip() if line else ""
    return shown


def every_field() -> Iterator[tuple[str, FieldInfo]]:
    """The settings of all rooms, each under a name of its own."""
    for section in (Settings, *SECTIONS):
        yield from section.model_fields.items()


def test_no_two_rooms_have_a_setting_of_one_name() -> None:
    names = [name for name, _ in every_field()]
    assert len(names) == len(set(names))


def test_env_example_lists_every_setting() -> None:
    shown = shown_settings()
    expected = {}
    for name, field in every_field():
        alias = field.validation_alias
        variable = str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"TRANCHE_{name.upper()}"
        fixed = "" if field.default in (None, PydanticUndefined) else str(field.default)
        expected[variable] = (field.description, fixed)
    assert {name: value for name, (_, value) in shown.items()} == {name: value for name, (_, value) in expected.items()}
    wrong = {name for name, (comment, _) in shown.items() if not comment.startswith(expected[name][0] or "?")}
    assert wrong == set()


def test_env_example_is_read_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uncommented, the file changes nothing."""
    for name in [name for name in os.environ if name.startswith(("TRANCHE_", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    file = tmp_path / ".env"
    file.write_text("\n".join(f"{name}={value}" for name, (_, value) in shown_settings().items() if value))
    assert [section(_env_file=file) for section in SECTIONS] == [section(_env_file=None) for section in SECTIONS]
    assert Settings(_env_file=file) == Settings(_env_file=None)
    file.write_text("DATABASE_URL=postgresql://somewhere/else\n")
    assert Settings(_env_file=file).database_url == SecretStr("postgresql://somewhere/else")


def test_the_wheel_serves_from_an_empty_folder(installed: Path) -> None:
    """With pip and pipx, and the newest packages, `script/wheel` does the same."""
    folder = make_home()
    try:
        serve_and_try([sys.executable, "-m", "app"], folder, {"PYTHONPATH": str(installed)})
    finally:
        shutil.rmtree(folder)
