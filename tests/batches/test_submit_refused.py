"""Submissions that are refused: each with a code, and without a row."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.auth.people import caller, key_of
from tests.conftest import Api
from tests.files.bodies import query, rows_of

RECORD: dict[str, Any] = {"record": {}}


@pytest.fixture(autouse=True)
async def no_row_more(api: Api) -> AsyncIterator[None]:
    before = (await rows_of(api))[1:]
    yield
    assert (await rows_of(api))[1:] == before
    assert await query(api, "select count(*) from events where batch_id not in (select id from batches)") == 0


async def refused(api: Api, code: str, path: str = "/api/batches", **body: Any) -> dict[str, Any]:
    answer = await api.post(path, json=body)
    problem = dict(answer.json())
    assert (answer.status_code, problem["code"]) == (422, code), answer.text
    return problem


@pytest.mark.parametrize("name", ["none", "0", "999999999", "99999999999999999999", "TYPED", "٣", "' or 1=1 --"])
async def test_unknown_pipeline(api: Api, name: str) -> None:
    assert "typed" in (await refused(api, "unknown_pipeline", pipeline=name, items=[RECORD]))["detail"]


async def test_nothing_to_do(api: Api) -> None:
    await refused(api, "batch_empty", pipeline="typed", items=[])
    await refused(api, "batch_empty", pipeline="typed")


async def test_source_that_the_pipeline_does_not_take(api: Api) -> None:
    url = {"url": "https://example.org/a"}
    problem = await refused(api, "source_not_accepted", pipeline="slow", items=[RECORD, url])
    assert problem["detail"] == "The pipeline slow takes a record, not a url."
    await refused(api, "source_not_accepted", "/api/jobs", pipeline="checksum", **RECORD)
    await refused(api, "source_not_accepted", pipeline="checksum", items=[RECORD], start=False)


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"colour": "green"}, ["colour"]),
        ({"count": 10}, ["count"]),
        ({"count": "many"}, ["count"]),
        ({"count": None}, ["count"]),
        ({"size": 1}, ["size"]),
        ({"colour": "green", "count": 0}, ["colour", "count"]),
    ],
)
async def test_params_are_checked_by_the_pipeline(api: Api, params: dict[str, Any], where: list[str]) -> None:
    for path, item in (("/api/batches", {"items": [RECORD]}), ("/api/jobs", RECORD)):
        problem = await refused(api, "invalid_params", path, pipeline="typed", params=params, **item)
        assert [error["loc"] for error in problem["errors"]] == [["body", "params", name] for name in where]
        assert all(error["msg"] and error["type"] for error in problem["errors"])


async def test_unknown_files_and_those_of_another_organisation_are_the_same(api: Api) -> None:
    async with caller(api, await key_of(api, "Elsewhere")) as other:
        foreign = (await other.put("/api/files/theirs", content=b"x")).json()["id"]
        own = (await api.put("/api/files/ours", content=b"x")).json()["id"]
        for unknown in (foreign, str(uuid4())):
            items = [{"file_id": own}, {"file_id": unknown}, RECORD]
            problem = await refused(api, "unknown_files", pipeline="typed", items=items)
            assert (problem["detail"], problem["file_ids"]) == ("1 of the files does not exist.", [unknown])
            await refused(api, "unknown_files", "/api/jobs", pipeline="typed", file_id=unknown)
        await refused(api, "unknown_files", pipeline="typed", items=[{"file_id": str(uuid4())}] * 30)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"name": "only a name"},
        {"record": {}, "url": "https://example.org/a"},
        {"record": []},
        {"record": "text"},
        {"file_id": "not an id"},
        {"file_id": 7},
        {"url": "ftp://example.org"},
        {"url": "javascript:alert(1)"},
        {"url": "http://"},
        {"url": "https://example.org/a b\nc"},
        {"url": "https://example.org/" + "x" * 2000},
        {"url": "https://example.org/\x00"},
        {"record": {}, "name": ""},
        {"record": {}, "name": "x" * 256},
        {"record": {}, "extra": 1},
        None,
        "text",
    ],
)
async def test_items_that_are_none(api: Api, item: Any) -> None:
    problem = await refused(api, "validation_failed", pipeline="typed", items=[RECORD, item])
    assert problem["errors"][0]["loc"][:3] == ["body", "items", 1]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"record": {}, "url": "https://example.org"}, "body"),
        ({}, "body"),
        ({"record": {"a": "\x00"}}, "body.record"),
        ({"record": {}, "record_name": "a\x00b"}, "body.record_name"),
        ({"record": {}, "record_name": ""}, "body.record_name"),
        ({"url": "https://example.org/\x00"}, "body.url"),
        ({"record": {}, "items": []}, "body.items"),
    ],
)
async def test_single_job_that_is_none(api: Api, body: dict[str, Any], where: str) -> None:
    problem = await refused(api, "validation_failed", "/api/jobs", pipeline="typed", **body)
    assert problem["detail"].startswith(f"{where}: ")
    assert "pydantic" not in str(problem)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "x" * 256),
        ("name", "a\x00b"),
        ("name", ["x"]),
        ("description", "x" * 10_001),
        ("description", "\x00"),
        ("notification_email", "nobody"),
        ("notification_email", "a\x00@example.org"),
        ("notification_email", "a@b@example.org"),
        ("notification_email", "x" * 250 + "@example.org"),
        ("execution_mode", "sometimes"),
        ("max_parallel", 0),
        ("max_parallel", 4097),
        ("max_parallel", 2**63),
        ("max_parallel", 1.5),
        ("start", "perhaps"),
        ("params", []),
        ("metadata", "text"),
        ("pipelines", "typed"),
        ("pipelines", {}),
        ("no_such_member", 1),
    ],
)
async def test_options_that_are_not_valid(api: Api, name: str, value: Any) -> None:
    for path, item in (("/api/batches", {"items": [RECORD]}), ("/api/jobs", RECORD)):
        problem = await refused(api, "validation_failed", path, **({"pipeline": "typed"} | item | {name: value}))
        assert problem["errors"][0]["loc"] == ["body", name]
        assert problem["detail"].startswith(f"body.{name}: ")


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b'"text"', b"7"])
async def test_body_that_is_no_object(api: Api, content: bytes) -> None:
    for path in ("/api/batches", "/api/jobs"):
        answer = await api.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        assert answer.json()["code"] in ("bad_request", "validation_failed", "invalid_json")


FILLED = {"record": {"text": "x" * 100_000}}


@pytest.mark.parametrize("filling", [{}, FILLED])
async def test_what_is_wrong_is_told_of_a_long_body_as_of_a_short_one(api: Api, filling: dict[str, Any]) -> None:
    items = [RECORD, {"url": "ftp://x"}, {}, RECORD | {"more": 1}, *([filling] if filling else [])]
    problem = await refused(api, "validation_failed", pipeline="typed", max_parallel=0, items=items)
    assert {tuple(error["loc"]) for error in problem["errors"]} == {
        ("body", "max_parallel"),
        ("body", "items", 1, "url"),
        ("body", "items", 2),
        ("body", "items", 3, "more"),
    }
    await refused(api, "invalid_params", pipeline="typed", items=[filling or RECORD], params={"size": 1})
    await refused(api, "validation_failed", items=[filling or RECORD])


async def test_a_long_body_that_is_no_json(api: Api) -> None:
    for body, code in (
        (b'{"a": "%s", }', "invalid_json"),
        (b'["%s"]', "validation_failed"),
        (b"%s", "validation_failed"),
    ):
        answer = await api.post(
            "/api/batches", content=body % (b"x" * 100_000), headers={"Content-Type": "application/json"}
        )
        assert answer.json()["code"] == code


async def test_a_record_of_more_than_a_mebibyte(api: Api) -> None:
    answer = await api.post("/api/batches", json={"pipeline": "typed", "items": [{"record": {"a": "x" * 1_100_000}}]})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_wrong_items_are_told_up_to_a_hundred(api: Api) -> None:
    problem = await refused(api, "validation_failed", pipeline="typed", items=[{}] * 50_000)
    assert len(problem["errors"]) == 100
    problem = await refused(api, "validation_failed", pipeline="typed", items=[RECORD] * 100_001)
    assert problem["errors"][0]["type"] == "too_long"


async def test_more_values_than_a_record_may_hold(api: Api) -> None:
    problem = await refused(api, "validation_failed", pipeline="typed", items=[{"record": {"a": [[]] * 100_001}}])
    assert "100,000" in problem["detail"]
    problem = await refused(api, "validation_failed", path="/api/jobs", pipeline="typed", record={"a": [[[]]] * 60_000})
    assert "100,000" in problem["detail"]


async def test_more_members_than_any_body_has(api: Api) -> None:
    for path in ("/api/jobs", "/api/batches", "/api/templates"):
        answer = await api.post(path, json={f"unknown {n}": [] for n in range(20_000)})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
