"""The tables of docs/errors.md, made from the classes of problems and from what the routes declare."""

from __future__ import annotations

import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from app.kit.errors import Problem, all_problems
from app.main import create_app
from app.settings import Settings

MOST_SHOWN: Final = 6
"""A code that more operations answer with is found at each of them in /docs. Their number is not shown, as the page
would change with every new route."""


def operations_by_code(document: dict[str, Any]) -> dict[str, list[str]]:
    """The operations that may answer with each code, as openapi.json has them."""
    found: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for answer in operation["responses"].values():
                for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {}):
                    found.setdefault(code, []).append(f"`{method.upper()} {path}`")
    return found


def _where(operations: list[str], total: int) -> str:
    if not operations:
        return "any address"
    if len(operations) == total:
        return "every operation"
    if len(operations) > MOST_SHOWN:
        return "most operations" if 2 * len(operations) > total else "many operations"
    return "<br>".join(operations)


def errors_tables() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as home:
        return {"errors": errors_table(create_app(Settings(home=Path(home), _env_file=None)))}


def errors_table(app: FastAPI) -> str:
    """A table for each status: every code, what it means, and which operations answer with it."""
    document = app.openapi()
    found = operations_by_code(document)
    total = sum(len(methods) for methods in document["paths"].values())
    by_status: dict[int, list[type[Problem]]] = {}
    for kind in sorted(set(all_problems()), key=lambda kind: (kind.status, kind.code)):
        by_status.setdefault(kind.status, []).append(kind)
    parts = []
    for status, kinds in by_status.items():
        rows = [f"| `{kind.code}` | {kind.meaning()} | {_where(found.get(kind.code, []), total)} |" for kind in kinds]
        head = f"## {status} {HTTPStatus(status).phrase}\n\n| code | meaning | answered by |\n|---|---|---|"
        parts.append("\n".join([head, *rows]))
    return "\n\n".join(parts)
