"""An id of another organisation in a body or a query is answered as one that does not exist.

Generated from openapi.json: a new member or parameter that takes an id fails here until it has a line in `BODIES` or
`PATHS`. Each gets every id that the other organisation has, of whatever kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.auth.one_of_each import make_one_of_each
from tests.auth.people import caller, key_of
from tests.batch_helpers import submit
from tests.conftest import Api
from tests.reports.tables import report_ids

pytestmark = pytest.mark.own_service

Own = Mapping[str, str]
Body = Callable[[Any], Any]


def items(value: Any) -> Any:
    """A template with a file among its items."""
    return {"name": "t", "options": {"pipeline": "no-op"}, "source": {"items": [{"file_id": value}]}}


BODIES: dict[tuple[str, str, str], Body] = {
    ("POST", "/api/batches/{batch_id}/jobs", "items.[].file_id"): lambda v: {"items": [{"file_id": v}]},
    ("POST", "/api/batches/{batch_id}/jobs/bulk", "ids.[]"): lambda v: {"action": "skip", "ids": [v]},
    ("POST", "/api/batches", "items.[].file_id"): lambda v: {"pipeline": "no-op", "items": [{"file_id": v}]},
    ("POST", "/api/jobs", "file_id"): lambda v: {"pipeline": "no-op", "file_id": v},
    ("POST", "/api/keys", "user_id"): lambda v: {"name": "k", "user_id": v},
    ("POST", "/api/play-batch-mappings/", "play_id"): lambda v: {"play_id": v, "required_batches": [1]},
    ("PUT", "/api/play-batch-mappings/", "[].play_id"): lambda v: [{"play_id": v, "required_batches": [1]}],
    ("POST", "/api/registration-batches", "restaurant_ids.[]"): lambda v: {"restaurant_ids": [v]},
    ("POST", "/api/schedules", "template_id"): lambda v: {"template_id": v, "cron": "0 9 * * *"},
    ("PATCH", "/api/schedules/{schedule_id}", "template_id"): lambda v: {"template_id": v},
    ("POST", "/api/templates", "from_batch"): lambda v: {"name": "t", "from_batch": v},
    ("POST", "/api/templates", "source.items.[].file_id"): items,
    ("PATCH", "/api/templates/{template_id}", "source.items.[].file_id"): items,
    ("POST", "/api/templates/{template_id}/run", "source.items.[].file_id"): lambda v: {
        "source": {"items": [{"file_id": v}]}
    },
}
"""A body that is right but for the id, by operation and member."""
RECORDS: dict[tuple[str, str, str], Body] = {
    ("POST", "/api/batches", "record.restaurant_id"): lambda v: {
        "pipeline": "restaurant-registration",
        "items": [{"record": {"restaurant_id": v}}],
    },
    ("POST", "/api/batches", "params.play_id"): lambda v: {
        "pipeline": "play",
        "items": [{"record": {"lead": "a"}}],
        "params": {"play_id": v, "play_steps": ["x"]},
        "start": False,
    },
}
"""Ids in what the schema leaves open."""
QUERIES = {
    ("GET", "/api/audit", "organisation_id"),
    ("GET", "/api/audit/export", "organisation_id"),
    ("GET", "/api/extractions", "batch_id"),
    ("GET", "/api/reports", "batch_id"),
    ("GET", "/api/reports/{report_id}/comparison", "with"),
    ("DELETE", "/api/sessions", "user_id"),
}
NUMBERS = {"last_event_id"}
"""Parameters that are called so and are no ids of rows: the place in a stream."""


def places(openapi: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every member of a body, and every parameter, that takes an id."""
    schemas = openapi["components"]["schemas"]

    def inside(schema: dict[str, Any], path: str, seen: frozenset[str]) -> Iterator[str]:
        if reference := schema.get("$ref"):
            if reference in seen:
                return
            seen |= {reference}
            schema = schemas[reference.rpartition("/")[2]]
        if schema.get("format") == "uuid" or (re.search(r"_id$", path) and schema.get("type") == "integer"):
            yield path.removeprefix(".")
        for name, member in schema.get("properties", {}).items():
            yield from inside(member, f"{path}.{name}", seen)
        for choice in [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
            yield from inside(choice, path, seen)
        if isinstance(items := schema.get("items"), dict):
            yield from inside(items, f"{path}.[]", seen)

    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from ((method.upper(), path, member) for member in inside(content["schema"], "", frozenset()))
            for parameter in operation.get("parameters", ()):
                takes = list(inside(parameter["schema"], f".{parameter['name']}", frozenset()))
                if parameter["in"] == "query" and takes and parameter["name"] not in NUMBERS:
                    yield method.upper(), path, parameter["name"]


def told(answer: httpx.Response, value: Any) -> tuple[int, Any]:
    """An answer without what differs each time, and without the id that was sent."""
    text = answer.text.replace(str(value), "0")
    try:
        body = json.loads(text)
    except ValueError:
        return answer.status_code, text
    if isinstance(body, dict):
        for name in ("request_id", "instance"):
            body.pop(name, None)
    return answer.status_code, body


async def test_every_place_that_takes_an_id_has_a_line(api: Api) -> None:
    found = set(places((await api.get("/openapi.json")).json()))
    assert found == set(BODIES) | QUERIES


async def test_ids_of_others_are_as_ids_that_nobody_has(api: Api) -> None:
    first = await make_one_of_each(api)
    async with caller(api, await key_of(api, "Second", user="their admin")) as second:
        template = await second.post("/api/templates", json={"name": "own", "options": {"pipeline": "no-op"}})
        own = {"template_id": template.json()["id"]}
        schedule = await second.post("/api/schedules", json={"template_id": own["template_id"], "cron": "0 9 * * *"})
        own["batch_id"] = await submit(second, "no-op", [{}], start=False)
        own |= {"schedule_id": schedule.json()["id"]} | await report_ids(second)  # type: ignore[arg-type]
        before = await everything(api)
        for (method, path, member), body_of in (BODIES | RECORDS).items():
            for value, unknown in ids_of(first, path, member):
                answers = [
                    told(await second.request(method, path.format(**own), json=body_of(one)), one)
                    for one in (value, unknown)
                ]
                if member in OPEN:
                    assert [status for status, _ in answers] == [201, 201], answers
                elif member in CHOSEN:
                    told_of = [(status, body["done"], body["refused"]) for status, body in answers]
                    assert told_of[0] == told_of[1], answers
                    assert told_of[0][:2] == (202, 0), answers
                else:
                    assert answers[0] == answers[1], (method, path, member)
                    assert answers[0][0] >= 400, (method, path, member, answers[0])
        for method, path, name in QUERIES:
            for value, unknown in ids_of(first, path, name):
                answers = [
                    told(await second.request(method, path.format(**own), params={name: str(one)}), one)
                    for one in (value, unknown)
                ]
                if "audit" not in path:  # where each question is an entry
                    assert answers[0] == answers[1], (method, path, name)
                assert first["organisation_id"] not in str(answers[0][1])
        assert await everything(api) == before


CHOSEN = {"ids.[]"}
"""What is chosen among the jobs of one's own batch: others are not there."""
OPEN = {"params.play_id"}
"""Where a client's own number is taken as it is: the pipeline looks nothing up by it."""


def ids_of(first: Own, path: str, member: str) -> Iterator[tuple[Any, Any]]:
    """The other's ids that fit, each with one that nobody has."""
    if member.endswith("play_id"):
        yield int(first["play_id"]), 99_999_999
        return
    for value in first.values():
        try:
            yield str(UUID(value)), str(uuid4())
        except ValueError:
            continue  # a number, or a name


async def everything(api: Api) -> dict[str, Any]:
    """What the first organisation has, as it sees it itself."""
    paths = ("templates", "schedules", "plays", "play-batch-mappings", "batches", "files", "restaurants", "keys")
    seen = {path: (await api.get(f"/api/{path}")).json() for path in paths}
    for key in seen["keys"]["keys"]:
        key.pop("last_used_at", None)
    return seen
