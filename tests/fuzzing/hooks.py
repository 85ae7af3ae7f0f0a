"""What schemathesis calls around each request: it is sent to what exists, and afterwards everything is as it was.

So no request takes anything from those after it: neither the caller's rights nor what they are asked of.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import schemathesis
from schemathesis import Case, GenerationMode, HookContext, Response
from schemathesis.core.parameters import ParameterLocation

from tests.fuzzing.aiming import Choice, over
from tests.fuzzing.existing import Existing

FOLDER = Path(os.environ["TRANCHE_FUZZING_FOLDER"])
"""Where `existing.json` and `dsn` are, and where `reached.json` is written."""
HARMLESS = {"GET", "HEAD", "OPTIONS", "TRACE"}
existing = Existing(**json.loads((FOLDER / "existing.json").read_text()))
reached: Counter[tuple[str, int, bool]] = Counter()
loop = asyncio.new_event_loop()
connection = loop.run_until_complete(asyncpg.connect((FOLDER / "dsn").read_text()))


def is_valid(case: Case, location: ParameterLocation) -> bool:
    """Whether this part of the request was made to be accepted."""
    component = case.meta.components.get(location) if case.meta else None
    return component is None or component.mode == GenerationMode.POSITIVE


def aim(case: Case) -> None:
    path, label = case.operation.path, case.operation.label
    choice = Choice(label, case.path_parameters, case.query, case.body)
    values = existing.of(path)
    # A path made to be refused hides what is behind it, so only one in four is left as it is.
    if case.path_parameters and (is_valid(case, ParameterLocation.PATH) or choice.number("path") % 4):
        for name, value in case.path_parameters.items():
            if name in values:
                case.path_parameters[name] = choice.one(name, value, values[name])
    if is_valid(case, ParameterLocation.QUERY):
        for name, value in (case.query or {}).items():
            if name.endswith("_id") and name in values:
                case.query[name] = choice.one(name, value, values[name])
        if label in existing.queries and choice.number() % 2:
            case.query = over(case.query or {}, existing.queries[label])
    if is_valid(case, ParameterLocation.BODY):
        typed = f"{label} {case.media_type}"
        given, text = existing.bodies.get(typed, existing.bodies.get(label)), existing.texts.get(typed)
        if isinstance(case.body, dict):
            case.body = choice.fill(case.body, existing.members_of(path))
            if given and choice.number() % 2:
                case.body = over(case.body, given)
        elif text and choice.number() % 2:
            case.body = text


def is_aimed(case: Case) -> bool:
    """Whether everything that its path names exists."""
    values = existing.of(case.operation.path)
    given = case.path_parameters or {}
    return all(value in values[name] for name, value in given.items() if name in values)


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    aim(case)


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    if case.method.upper() == case.operation.method.upper():
        reached[(case.operation.label, response.status_code, is_aimed(case))] += 1
    if case.method.upper() not in HARMLESS and not 400 <= response.status_code < 500:
        loop.run_until_complete(connection.execute("select pristine.restore()"))


@atexit.register
def tell() -> None:
    rows = [(*key, count) for key, count in reached.items()]
    (FOLDER / "reached.json").write_text(json.dumps(rows))
