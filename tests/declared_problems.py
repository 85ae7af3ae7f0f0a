"""Every problem that the service answers with while it is tested must be one that openapi.json names there."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from fastapi import FastAPI

PROBLEM = "application/problem+json"
BEFORE_ROUTING = frozenset({"method_not_allowed", "request_timeout", "request_header_fields_too_large"})
"""Answered before there is an operation that could name them."""
_PATHS: WeakKeyDictionary[FastAPI, list[tuple[re.Pattern[str], dict[str, Any]]]] = WeakKeyDictionary()


class NotDeclared(AssertionError):
    """The service answered with what its documentation does not name."""


def _paths(app: FastAPI) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """The documented paths, those without parameters first, as the router would find them."""
    if app not in _PATHS:
        paths = sorted(app.openapi()["paths"].items(), key=lambda item: item[0].count("{"))
        _PATHS[app] = [(_pattern(path), operations) for path, operations in paths]
    return _PATHS[app]


@lru_cache(maxsize=1000)
def _pattern(path: str) -> re.Pattern[str]:
    """Some routes are served with a slash at the end and without."""
    parts = re.split(r"\{\w+\}", path.removesuffix("/"))
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + "/?")


def check_declared(app: FastAPI, method: str, path: str, status: int, code: str) -> None:
    """Raise NotDeclared unless the operation names this status with this code."""
    for pattern, operations in _paths(app):
        operation = operations.get(method.lower().replace("head", "get"))
        if operation is None or not pattern.fullmatch(path):
            continue
        content = operation["responses"].get(str(status), {}).get("content", {})
        if code not in content.get(PROBLEM, {}).get("examples", {}):
            raise NotDeclared(f"{method} {path} answered {status} {code}, which openapi.json does not name there")
        return


async def check_answer(app: FastAPI, response: httpx.Response) -> None:
    """Look at an answer that a client got; what is no problem document is not looked into."""
    if response.headers.get("Content-Type") != PROBLEM or not response.request.url.path.startswith("/api"):
        return
    await response.aread()
    problem = response.json() if response.content else {}
    if response.status_code == 413 and response.request.method in ("GET", "HEAD", "DELETE"):
        return  # a body where the operation takes none
    if problem and problem["code"] not in BEFORE_ROUTING:
        check_declared(app, response.request.method, response.request.url.path, problem["status"], problem["code"])
