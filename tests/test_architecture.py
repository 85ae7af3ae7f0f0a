"""The rules of the house, read from the source: see docs/decisions/0001-layers-and-rooms.md."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy import Table

from app.batches.step_models import Event
from app.kit.db import Base
from app.models import metadata
from app.rooms import all_rooms

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"
STATIC = APP / "console" / "static"
LONGEST, LONGEST_MEDIAN = 400, 120
TEXT_SUFFIXES = (".py", ".sql", ".js", ".css", ".html")
COMMITTING = {"app/kit/db.py", "app/kit/migrations.py"}
"""migrations.py commits DDL under its own lock, on a connection that no request ever sees."""
SECRET_WORDS = ("key", "secret", "token", "hash")
# In pieces, so that this file does not name them itself.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("anaconda", "org"),
        ("rubygems", "org"),
        ("proxy", "golang", "org"),
        ("ghcr", "io"),
        ("quay", "io"),
    )
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def sources() -> list[Path]:
    return sorted(path for path in APP.rglob("*.py") if path.stat().st_size)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def nodes(kind: type[ast.AST] | tuple[type[ast.AST], ...], paths: Iterable[Path] = ()) -> Iterator[tuple[str, ast.AST]]:
    """Every node of a kind in the app, with `file:line`."""
    for path in paths or sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, kind):
                yield f"{name_of(path)}:{getattr(node, 'lineno', 0)}", node


def last_name(node: ast.AST) -> str:
    """`c` of `a.b.c`, `a.b.c()` and `c`."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@cache
def repository_files() -> list[Path]:
    """What is tracked, or would be with the next `git add`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


@cache
def rooms() -> set[str]:
    return {path.parent.name for path in APP.glob("*/__init__.py")}


@cache
def rank() -> dict[str, int]:
    """The row of each top-level module; rows with a smaller number may import those with a larger one."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")["layers"]
    return {module.strip(): row for row, line in enumerate(layers) for module in line.split("|")}


def test_only_db_commits() -> None:
    found = []
    for where, call in nodes(ast.Call):
        function = call.func
        if where.split(":")[0] in COMMITTING or not isinstance(function, ast.Attribute):
            continue
        of_database = re.search("session|connection|engine", last_name(function.value))
        if function.attr == "commit" or (function.attr in ("begin", "begin_nested") and of_database):
            found.append(where)
    assert found == []


def test_transactions_come_from_the_database() -> None:
    """asyncpg's own `connection.transaction()` would be a second way to commit."""
    allowed = {"self", "ctx", "database", "_database", "get_database"}
    assert [
        where
        for where, call in nodes(ast.Call)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "transaction"
        and last_name(call.func.value) not in allowed
    ] == []


def test_only_settings_read_the_environment() -> None:
    found = {where for where, node in nodes(ast.Attribute) if node.attr in ("environ", "environb", "getenv")}
    for where, node in nodes(ast.ImportFrom):
        if node.module == "os" and {alias.name for alias in node.names} & {"environ", "environb", "getenv"}:
            found.add(where)
    for where, node in nodes((ast.Import, ast.ImportFrom)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        if any(name.split(".")[0] in ("pydantic_settings", "dotenv") for name in names):
            found.add(where)
    # The last two see to it that children have none.
    allowed = ("app/settings.py:", "app/kit/sandbox/child.py:", "app/kit/sandbox/cell/")
    assert {where for where in found if not where.startswith(allowed)} == set()


def test_every_room_is_tested() -> None:
    tests = ROOT / "tests"

    def is_tested(room: str) -> bool:
        files = [*(tests / room).rglob("test_*.py"), *tests.glob(f"test_{room}.py"), *tests.glob(f"test_{room}_*.py")]
        return any("def test_" in path.read_text("utf-8") for path in files)

    assert sorted(room for room in rooms() if not is_tested(room)) == []


def test_files_are_short() -> None:
    lines = {name_of(path): path.read_text("utf-8").count("\n") for path in sources()}
    assert median(lines.values()) < LONGEST_MEDIAN
    for folder in (APP, ROOT / "tests", ROOT / "bench", ROOT / "alembic", ROOT / "examples"):
        for path in folder.rglob("*"):
            if path.suffix in TEXT_SUFFIXES and "versions" not in path.parts:
                lines[name_of(path)] = path.read_text("utf-8").count("\n")
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_relationships_never_load_by_themselves() -> None:
    def is_lazy(call: ast.Call) -> bool:
        given = [word.value for word in call.keywords if word.arg == "lazy"]
        return not (given and isinstance(given[0], ast.Constant) and given[0].value == "raise")

    assert [where for where, call in nodes(ast.Call) if last_name(call) == "relationship" and is_lazy(call)] == []


def test_every_module_has_a_docstring() -> None:
    assert [name_of(path) for path in sources() if not ast.get_docstring(tree(path))] == []


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_between_files() -> dict[str, set[str]]:
    """What each module imports of the app: anywhere in the file, also in functions and for types alone."""
    graph: dict[str, set[str]] = {module_of(path): set() for path in APP.rglob("*.py")}
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
            else:
                continue
            graph[module_of(path)] |= names & graph.keys() - {module_of(path)}
    return graph


def test_no_import_cycles_between_files() -> None:
    """Whatever stands on top of nothing else is taken away, again and again: what is left goes in circles."""
    graph = imports_between_files()
    while leaves := {module for module, imported in graph.items() if not imported & graph.keys()}:
        graph = {module: imported for module, imported in graph.items() if module not in leaves}
    assert sorted(graph) == []


def test_every_module_has_a_row() -> None:
    """What `exhaustive = true` promises: a new room is part of the contract from its first day."""
    modules = rooms() | {path.stem for path in APP.glob("*.py") if path.stem != "__init__"}
    assert modules == set(rank())


def test_foreign_keys_point_the_way_imports_do() -> None:
    room_of: dict[Table, str] = {}
    for mapper in Base.registry.mappers:
        for table in mapper.tables:
            room_of[table] = mapper.class_.__module__.split(".")[1]
    del room_of[Event.__table__]  # a view
    assert set(metadata.tables.values()) == set(room_of)
    wrong = []
    for table, room in room_of.items():
        for key in table.foreign_keys:
            target = room_of[key.column.table]
            if target != room and rank()[room] >= rank()[target]:
                wrong.append(f"{table.name}.{key.parent.name} ({room}) -> {key.target_fullname} ({target})")
    assert wrong == []


def test_only_the_engine_knows_pgqueuer() -> None:
    found = set()
    for where, node in nodes((ast.Import, ast.ImportFrom)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        if any(name.split(".")[0] == "pgqueuer" for name in names):
            found.add(where.split(":")[0])
    assert found == {"app/runner/engine.py"}


def test_migrations_import_nothing_that_changes() -> None:
    """A step that was released must make tomorrow what it makes today."""
    found = set()
    for path in sorted((ROOT / "alembic" / "versions").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").split(".")[0])
    assert found <= {"alembic", "sqlalchemy", "datetime", "pathlib", "re"}


def test_sql_as_text_stands_in_repositories() -> None:
    """Services and routers say what they want; how it is asked for is in one place of each room."""
    found = set()
    for where, call in nodes(ast.Call):
        stem = Path(where.split(":")[0]).stem
        if isinstance(call.func, ast.Name) and call.func.id == "text" and not stem.endswith(("repository", "models")):
            found.add(where.split(":")[0])
    assert found == {
        "app/batches/log.py",  # the repository of the event log
        "app/kit/carry_over.py",  # tables of a pre-release
        "app/kit/lookout.py",  # makes a question of a repository's query
        "app/kit/migrations.py",  # before there are tables
        "app/runner/context.py",  # what a step writes, beside the fence that guards it
        "app/runner/housekeeping.py",  # an interval
    }


def test_secrets_are_not_compared_in_python() -> None:
    """A look-up by hash in SQL tells nothing through its time; `==` on the secret itself would."""

    def is_secret(node: ast.AST) -> bool:
        return last_name(node).lower().endswith(SECRET_WORDS)

    def is_column(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id[:1].isupper()

    found = []
    for where, compare in nodes(ast.Compare, (APP / "auth").glob("*.py")):
        sides = [compare.left, *compare.comparators]
        equality = any(isinstance(operator, (ast.Eq, ast.NotEq)) for operator in compare.ops)
        if equality and any(map(is_secret, sides)) and not any(map(is_column, sides)):
            found.append(where)
    assert found == []


def test_nothing_is_left_to_do() -> None:
    pattern = re.compile(r"\b(TODO|FIXME)\b")
    files = [path for path in APP.rglob("*") if path.suffix in TEXT_SUFFIXES]
    assert [name_of(path) for path in files if pattern.search(path.read_text("utf-8"))] == []


def test_no_file_names_a_package_registry() -> None:
    found = []
    for path in repository_files():
        content = path.read_bytes().lower()
        found += [f"{name_of(path)}: {host}" for host in REGISTRIES if host.encode() in content]
    assert found == []


def test_the_console_loads_nothing_from_elsewhere() -> None:
    """It must work on a machine without the internet. The names of XML namespaces are not addresses."""
    address = re.compile(r"""(?:https?:|(?<=["'`(=]))//[\w-]+\.[^\s"'`)]+""")
    files = [path for path in sorted(STATIC.rglob("*")) if path.is_file()]
    found = [(name_of(path), url) for path in files for url in address.findall(path.read_text("utf-8"))]
    assert [(name, url) for name, url in found if not url.startswith("http://www.w3.org/")] == []


def test_no_route_waits_for_a_thread() -> None:
    """FastAPI calls what is no coroutine in a thread: each costs a request two changes of threads."""
    waiting = [route.dependant for room in all_rooms() for router in room.routers for route in api_routes(router)]
    in_threads = set()
    while waiting:
        current = waiting.pop()
        waiting += current.dependencies
        asked = current.call if inspect.isroutine(current.call) else getattr(current.call, "__call__", None)  # noqa: B004
        if asked and not (inspect.iscoroutinefunction(asked) or inspect.isasyncgenfunction(asked)):
            in_threads.add(f"{current.call.__module__}.{getattr(current.call, '__qualname__', current.call)}")
    assert not in_threads


def api_routes(router: APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from api_routes(getattr(route, "original_router", APIRouter()))
