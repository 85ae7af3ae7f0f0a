"""Changes of openapi.json that break clients are found, and others are not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from app.commands.openapi_document import openapi_document
from tests.openapi_changes import breaking_changes


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document()


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def drop_status(after: dict[str, Any]) -> None:
    operation = after["paths"]["/api/batches"]["get"]
    operation["parameters"] = [known for known in operation["parameters"] if known["name"] != "status"]


BREAKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "GET /api/batches is gone": lambda after: after["paths"]["/api/batches"].pop("get"),
    "GET /api/batches: the query parameter status is gone": drop_status,
    "POST /api/batches: the answer 201 is gone": (
        lambda after: after["paths"]["/api/batches"]["post"]["responses"].pop("201")
    ),
    "BatchRead.counters is gone": lambda after: schema(after, "BatchRead")["properties"].pop("counters"),
    "BatchRead.name: was string, is integer": (
        lambda after: schema(after, "BatchRead")["properties"]["name"].update(type="integer")
    ),
    "BatchUpdate.reason is new and must be there": (
        lambda after: schema(after, "BatchUpdate").update(required=["reason"])
    ),
}


@pytest.mark.parametrize("said", BREAKS)
def test_what_breaks_clients_is_named(document: dict[str, Any], said: str) -> None:
    after = copy.deepcopy(document)
    BREAKS[said](after)
    assert breaking_changes(document, after) == [said]


def test_what_is_added_breaks_nobody(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    del before["paths"]["/api/batches/counts"]
    del before["components"]["schemas"]["BatchCounts"]
    del before["components"]["schemas"]["BatchRead"]["properties"]["counters"]
    assert breaking_changes(before, document) == []
