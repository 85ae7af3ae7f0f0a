"""Requests that schemathesis made up, pointed at what exists."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from tests.fuzzing.existing import Values

SHARE = 8
"""One in so many values that could exist stays as it was made up."""


class Choice:
    """Decides by the request's own content, so that the same request is always sent in the same way."""

    def __init__(self, *request: object) -> None:
        self._request = repr(request)

    def number(self, *of: object) -> int:
        return crc32(repr((self._request, of)).encode("utf-8", "surrogatepass"))

    def one(self, name: str, value: Any, existing: list[Any]) -> Any:
        """One of what exists, or in one of `SHARE` cases the value itself."""
        number = self.number(name, value)
        return value if number % SHARE == 0 else existing[number // SHARE % len(existing)]

    def fill(self, body: Any, values: Values) -> Any:
        """A body or a part of it, with members that are named like something that exists, and of its type, replaced."""
        if isinstance(body, list):
            return [self.fill(member, values) for member in body]
        if not isinstance(body, dict):
            return body
        filled = {}
        for name, value in body.items():
            existing = values.get(name)
            if existing and isinstance(value, type(existing[0])):
                filled[name] = self.one(name, value, existing)
            elif existing and isinstance(value, list) and all(isinstance(item, type(existing[0])) for item in value):
                filled[name] = [self.one(name, item, existing) for item in value]
            else:
                filled[name] = self.fill(value, values)
        return filled


def over(made_up: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What was made up, with the given members in it and without those that are given as null."""
    return {name: value for name, value in (made_up | given).items() if name not in given or value is not None}
