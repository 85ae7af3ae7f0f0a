"""Functions that run in children are named by texts, which no type checker reads: here they are looked up."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from app.rooms import BUILT_IN

APP = Path(__file__).resolve().parent.parent / "app"
NAME = re.compile(r"app(?:\.\w+)+:\w+")


class NamedCall(NamedTuple):
    """A call of `in_child`, or of a room's own sandbox, with a name.

    `arguments` counts them, None where their number is not in the source; `declared` is the type of the answer.
    """

    name: str
    arguments: int | None
    declared: str | None


def trees() -> Iterator[ast.Module]:
    for path in sorted(APP.rglob("*.py")):
        yield ast.parse(path.read_text("utf-8"), str(path))


def names() -> list[str]:
    found = {node.value for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return sorted(value for value in found if isinstance(value, str) and NAME.fullmatch(value))


def is_named(node: ast.AST | None) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
        return False
    first = node.args[0]
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return is_text and node.func.attr in ("in_child", "run") and NAME.fullmatch(first.value) is not None


def calls_in(tree: ast.Module) -> Iterator[NamedCall]:
    """Each named call, with the type that its result is declared to have: of a variable, or of what returns it."""
    declared: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Await):
            declared[id(node.value.value)] = ast.unparse(node.annotation)
        if isinstance(node, ast.AsyncFunctionDef) and node.returns:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Await):
                    declared[id(inner.value.value)] = ast.unparse(node.returns)
    for node in ast.walk(tree):
        if is_named(node):
            assert isinstance(node, ast.Call)
            name = ast.literal_eval(node.args[0])
            starred = any(isinstance(argument, ast.Starred) for argument in node.args)
            yield NamedCall(name, None if starred else len(node.args) - 1, declared.get(id(node)))


CALLS = [call for tree in trees() for call in calls_in(tree)]


def test_there_are_such_names() -> None:
    assert {call.name for call in CALLS} == set(names()) != set()


@pytest.mark.parametrize("name", names())
def test_every_name_is_a_function_of_a_module_that_the_fork_server_has(name: str) -> None:
    module, _, function = name.partition(":")
    assert inspect.isfunction(getattr(importlib.import_module(module), function))
    room = next(room for room in BUILT_IN if room.name == module.split(".")[1])
    assert module in room.child_modules


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_call_fits_the_function(call: NamedCall) -> None:
    module, _, name = call.name.partition(":")
    signature = inspect.signature(getattr(importlib.import_module(module), name))
    assert call.declared == signature.return_annotation  # both as written, since annotations are not evaluated
    if call.arguments is not None:
        signature.bind(*range(call.arguments))
