"""Every text in a request has a most length in openapi.json, or is one of a few forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.conftest import Api

SHORT_FORMS: Final = {"uuid", "date-time", "date", "binary"}
OPEN: Final = {
    "GET /api/batches/{batch_id}/events?Last-Event-ID": "anything but a number of 18 digits is a 400",
    "POST /api/restaurants/import": "a table, streamed to the disk, with a limit of its own",
    "PUT /api/restaurants/{restaurant_id}/menu": "a table, streamed to the disk, with a limit of its own",
}
"""Texts without a most length, and why: `Model.member` or `METHOD path?parameter`."""


def texts(schema: Any, document: dict[str, Any], where: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Where texts stand in a schema that may be of any length."""
    if not isinstance(schema, dict):
        return
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        if name not in seen:
            yield from texts(document["components"]["schemas"][name], document, name, seen | {name})
        return
    if schema.get("type") == "string":
        bounded = {"maxLength", "enum", "const"} & schema.keys() or schema.get("format") in SHORT_FORMS
        if not bounded:
            yield where
    for name, member in schema.get("properties", {}).items():
        yield from texts(member, document, f"{where}.{name}", seen)
    for key in ("items", "additionalProperties"):
        yield from texts(schema.get(key), document, where, seen)
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for one in schema.get(key, ()):
            yield from texts(one, document, where, seen)


def inputs(document: dict[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] != "path":  # a header of 64 KiB holds it
                    yield from texts(parameter["schema"], document, f"{method.upper()} {path}?{parameter['name']}")
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from texts(content.get("schema"), document, f"{method.upper()} {path}")


@pytest.fixture(scope="module")
async def document(api: Api) -> dict[str, Any]:
    return dict((await api.get("/openapi.json")).json())


def test_every_text_has_a_most_length(document: dict[str, Any]) -> None:
    assert set(inputs(document)) == set(OPEN)
