"""No administrative route forgets to tell: what each one calls is followed to the actions that it records.

A new route that changes something and asks for more than `submit` fails here until it, or something that it calls,
records an action, or until it has a line in `NEEDS_NONE`.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import typing
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.main import create_app
from tests.conftest import make_settings

ASKING_MORE = {"manage", "admin", "operate"}
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
IN_EVENT_LOG = "the batch's event log names who did it, and the request"
CONTENT = "what the organisation works with, no administration"
IN_CHANGES = "the play's own list of changes names who did it"
BESIDE = {"QUOTA_NEARED"}
"""What a request may cause besides what it asks for."""
NEEDS_NONE = {
    "test_connection": "it changes nothing",
    "pause_batch": IN_EVENT_LOG,
    "resume_batch": IN_EVENT_LOG,
    "cancel_batch": IN_EVENT_LOG,
    "restart_batch": IN_EVENT_LOG,
    "retry_failed_jobs": IN_EVENT_LOG,
    "cancel_job": IN_EVENT_LOG,
    "skip_job": IN_EVENT_LOG,
    "retry_job": IN_EVENT_LOG,
    "act_on_jobs": IN_EVENT_LOG,
    "archive_batch": CONTENT,
    "unarchive_batch": CONTENT,
    "update_batch": CONTENT,
    "pause_registration_batch": IN_EVENT_LOG,
    "resume_registration_batch": IN_EVENT_LOG,
    "cancel_registration_batch": IN_EVENT_LOG,
    "restart_registration_batch": IN_EVENT_LOG,
    "retry_failed_registrations": IN_EVENT_LOG,
    "archive_registration_batch": CONTENT,
    "update_file": CONTENT,
    "update_report": CONTENT,
    "create_restaurant": CONTENT,
    "import_restaurants": CONTENT,
    "update_restaurant": CONTENT,
    "put_menu": CONTENT,
    "create_play": CONTENT,
    "update_play": CONTENT,
    "replace_play_batch_mappings": IN_CHANGES,
    "replace_play_batch_mapping": IN_CHANGES,
    "clear_play_batch_mapping": IN_CHANGES,
    "replace_lead_data": CONTENT,
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(make_settings(tmp_path_factory.mktemp("home"), "postgresql://nowhere/tranche"))


@cache
def hints(call: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except (NameError, TypeError):
        return {}


def resolve(node: ast.expr, call: FunctionType) -> Any:
    """What a name or `a.b` in the function stands for: something of its module, or a member of an argument's class."""
    if isinstance(node, ast.Name):
        own = hints(call).get(node.id)
        return own if own is not None else call.__globals__.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = resolve(node.value, call)
        if isinstance(owner, ModuleType | type):
            return getattr(owner, node.attr, None)
    return None


def actions_of(call: Any, seen: set[Any]) -> Iterator[str]:
    """The actions that a function names, and those of the functions of ours that it mentions."""
    call = inspect.unwrap(call) if callable(call) else call
    if not isinstance(call, FunctionType) or call in seen or not call.__module__.startswith("app."):
        return
    seen.add(call)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(call)))):
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Action":
            yield node.attr
        else:
            yield from actions_of(resolve(node, call), seen)


def changing_routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """The operations that change something and ask for one of the higher permissions, or are there to sign in."""
    document = app.openapi()
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute) or not route.include_in_schema:
            continue
        for method in (route.methods or set()) & CHANGING:
            operation = document["paths"][route.path_format][method.lower()]
            if operation.get("x-tranche-permission") in ASKING_MORE or route.path_format == "/api/session":
                yield operation["operationId"], route.original_route


def test_every_changing_route_is_told_of(app: FastAPI) -> None:
    found = {name: set(actions_of(route.endpoint, set())) - BESIDE for name, route in changing_routes(app)}
    assert len(found) > 40
    assert sorted(name for name, actions in found.items() if not actions and name not in NEEDS_NONE) == []
    assert sorted(name for name in NEEDS_NONE if found.get(name) != set()) == [], "they record something, or are gone"


def test_a_route_that_forgets_is_found() -> None:
    def forgets() -> None:
        """Changes something and tells nobody."""

    forgets.__module__ = "app.somewhere"
    assert list(actions_of(forgets, set())) == []
