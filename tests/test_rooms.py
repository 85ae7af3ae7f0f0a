"""Every folder is a room that says of itself what it brings, and nobody above looks inside."""

from __future__ import annotations

import ast
import importlib.util
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.files.storage import Storage
from app.installation import Installation
from app.kit.container import Container
from app.kit.room import Room, Rooms
from app.main import create_app
from app.rooms import BUILT_IN, ENTRY_POINT_GROUP, all_rooms
from tests.conftest import make_settings

APP = Path(__file__).resolve().parent.parent / "app"
NOT_ROOMS = {"kit", "commands"}
"""Tools that every room uses, and the command line."""
SEE_NO_INSIDE = ("main.py", "installation.py", "models.py", "rooms.py")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(make_settings(tmp_path_factory.mktemp("home"), "postgresql://nowhere/tranche"))


def test_every_folder_is_a_room() -> None:
    folders = {path.parent.name for path in APP.glob("*/__init__.py")} - NOT_ROOMS
    assert {room.name for room in BUILT_IN} == folders
    for room in BUILT_IN:
        spec = importlib.util.find_spec(f"app.{room.name}.room")
        assert spec, f"app/{room.name}/room.py"


@pytest.mark.parametrize("name", SEE_NO_INSIDE)
def test_nobody_above_looks_inside_a_room(name: str) -> None:
    inside = []
    for node in ast.walk(ast.parse((APP / name).read_text("utf-8"))):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        parts = module.split(".")
        if parts[0] == "app" and len(parts) > 2 and parts[1] != "kit" and parts[2] != "room":
            inside.append(module)
    assert inside == []


def test_tables_belong_to_rooms() -> None:
    with_tables = {path.parent.name for path in APP.glob("*/models.py")}
    assert {room.name for room in BUILT_IN if room.models} == with_tables


@pytest.mark.parametrize("room", BUILT_IN, ids=lambda room: room.name)
def test_what_children_need_is_there(room: Room) -> None:
    assert [module for module in room.child_modules if importlib.util.find_spec(module) is None] == []


@pytest.mark.parametrize("room", BUILT_IN, ids=lambda room: room.name)
def test_bodies_are_those_of_the_rooms_own_routes(room: Room, app: FastAPI) -> None:
    paths = [route.path for router in room.routers for route in router.routes if isinstance(route, APIRoute)]
    limits = room.body_limits(app.state.container)
    unknown = [
        pattern
        for pattern in (*room.streamed_bodies, *room.streamed_forms, *room.streamed_lines, *limits)
        if not any(fnmatchcase(path, pattern) for path in paths)
    ]
    assert unknown == []


OWN = Room(name="own", provides={Storage: lambda container: OWN})
TAKEN = Room(name="files")


def test_rooms_of_packages_stand_before_the_runner_and_take_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint(name, f"{__name__}:{name}", ENTRY_POINT_GROUP) for name in ("TAKEN", "APP", "OWN", "ABSENT")]
    monkeypatch.setattr("app.rooms.entry_points", lambda group: points)
    names = [room.name for room in all_rooms.__wrapped__()]
    assert names == [*(room.name for room in BUILT_IN[:-2]), "own", "runner", "console"]


def test_the_last_room_that_provides_a_kind_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.installation.all_rooms", lambda: Rooms((*BUILT_IN, OWN)))
    container: Container = Installation(make_settings(tmp_path, "postgresql://nowhere/tranche"))
    assert container.get(Storage) is OWN
