"""Hostile JSON: refused with a problem document, never an error of ours, and without a half-written batch."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.kit.schemas import MAX_DEPTH, check_json, check_moment, check_text
from tests.batch_helpers import submit
from tests.conftest import Api
from tests.files.bodies import query, rows_of

pytestmark = pytest.mark.own_service

JSON = {"Content-Type": "application/json"}
ROUTES = {
    "/api/batches": '{"pipeline": "no-op", "items": [{"record": %s}]}',
    "/api/jobs": '{"pipeline": "no-op", "record": %s}',
}
"""Where a value of any kind is stored, and a body that is fine but for it."""


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> str:
    return opening * depth + "1" + closing * depth


VALUES = {
    "U+0000 in a value": '{"a": "\\u0000"}',
    "U+0000 in a name": '{"a\\u0000": 1}',
    "U+0000 deep inside": '{"a": [{"b": ["\\u0000"]}]}',
    "U+0000 as it is": '{"a": "\x00"}',
    "a lone surrogate": '{"a": "\\ud800"}',
    "a lone surrogate in a name": '{"\\udfff": 1}',
    "surrogates in the wrong order": '{"a": "\\udc00\\ud800"}',
    "NaN": '{"a": NaN}',
    "Infinity": '{"a": -Infinity}',
    "1e400": '{"a": 1e400}',
    "31 digits": '{"a": ' + "9" * 31 + "}",
    "5,000 digits": '{"a": ' + "9" * 5000 + "}",
    "depth 33": nested(33),
    "depth 33 of lists": '{"a": ' + nested(33, "[", "]") + "}",
    "depth 900": nested(900),
    "depth 5,000": nested(5000),
    "depth 100,000": nested(100_000),
    "depth 100,000 of lists": '{"a": ' + nested(100_000, "[", "]") + "}",
    "depth without an end": '{"a":' * 1000,
    "a list": "[]",
    "a text": '"text"',
    "a number": "7",
    "an open text": '{"a": "',
    "a comma too many": '{"a": 1,}',
    "single quotes": "{'a': 1}",
    "a comment": '{"a": 1 /* one */}',
    "nothing": "",
}
BODIES = {
    "bad UTF-8": b'{"pipeline": "\xff\xfe"}',
    "an encoded surrogate": b'{"pipeline": "\xed\xa0\x80"}',
    "UTF-16": '{"pipeline": "none"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"pipeline": "none"}',
    "a member named by a surrogate": b'{"\\ud800": 1}',
    "a member named by U+0000": b'{"\\u0000": 1}',
    "a parameter named by a surrogate": b'{"pipeline": "no-op", "params": {"\\ud800": 1}, "items": [{"record": {}}]}',
    "a long name of a member": b'{"' + b"x" * 100_000 + b'": 1}',
    "10,000 unknown members": json.dumps({f"m{n}": n for n in range(10_000)}).encode(),
    "two documents": b"{}{}",
    "nothing": b"",
    "white space": b"   ",
    "null": b"null",
    "depth 100,000": b"[" * 100_000,
    "5,000 digits": b"9" * 5000,
    "U+0000 in a text": b'{"name": "a\\u0000b", "description": "\\u0000"}',
    "a surrogate in a text": b'{"name": "\\ud800", "description": "\\udfff"}',
    "wrong types": b'{"pipeline": {}, "items": 7, "key": [], "name": {}, "record": 1}',
    "types within": b'{"pipeline": "no-op", "items": {"0": {}}, "params": [], "metadata": 1, "start": {}}',
}


@pytest.fixture(scope="module")
async def taking_json(api: Api) -> list[tuple[str, str]]:
    """Every route that must be given JSON, with the id of a batch where one belongs."""
    batch_id = await submit(api, "no-op", [{}], start=False)
    paths = (await api.get("/openapi.json")).json()["paths"]
    return [
        (method.upper(), path.replace("{batch_id}", batch_id))
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
        and operation["requestBody"].get("required")
    ]


@pytest.fixture(autouse=True)
async def no_row_more(api: Api) -> AsyncIterator[None]:
    before = await rows_of(api), await query(api, "select count(*) from api_keys")
    yield
    assert (await rows_of(api), await query(api, "select count(*) from api_keys")) == before


async def refused(api: Api, path: str, content: bytes, method: str = "POST") -> dict[str, Any]:
    answer = await api.request(method, path, content=content, headers=JSON)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = dict(answer.json())
    assert problem["status"] == answer.status_code
    assert problem["code"]
    return problem


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("what", VALUES)
async def test_value_that_cannot_be_stored(api: Api, path: str, what: str) -> None:
    await refused(api, path, (ROUTES[path] % VALUES[what]).encode())


@pytest.mark.parametrize("member", ["params", "metadata"])
@pytest.mark.parametrize("what", VALUES)
async def test_value_that_cannot_be_stored_beside_the_items(api: Api, member: str, what: str) -> None:
    body = '{"pipeline": "no-op", "items": [{"record": {}}], "%s": %s}' % (member, VALUES[what])  # noqa: UP031
    await refused(api, "/api/batches", body.encode())


@pytest.mark.parametrize("what", BODIES)
async def test_body_that_is_none(api: Api, taking_json: list[tuple[str, str]], what: str) -> None:
    for method, path in [*taking_json, ("POST", "/api/jobs")]:
        problem = await refused(api, path, BODIES[what], method)
        assert len(json.dumps(problem)) < 500_000, path


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a\udc80"])
async def test_text_that_cannot_be_stored(api: Api, text: str) -> None:
    encoded = json.dumps(text)
    for member in ("pipeline", "name", "description", "notification_email", "execution_mode"):
        body = f'{{"pipeline": "no-op", "items": [{{"record": {{}}}}], "{member}": {encoded}}}'
        await refused(api, "/api/batches", body.encode())
    await refused(api, "/api/session", f'{{"key": {encoded}}}'.encode())
    await refused(api, "/api/keys", f'{{"name": {encoded}}}'.encode())
    with pytest.raises(ValueError, match="must not contain"):
        check_text(text)


def test_depth_is_counted_to_the_last_level() -> None:
    assert check_json(json.loads(nested(MAX_DEPTH))) == json.loads(nested(MAX_DEPTH))
    with pytest.raises(ValueError, match="32 levels"):
        check_json(json.loads(nested(MAX_DEPTH + 1)))


@pytest.mark.parametrize("value", [{}, [], "", 0, -(10**30), 1.5, True, None, {"ü": ["🏊", {"a": None}]}])
def test_value_that_can_be_stored_stays(value: Any) -> None:
    assert check_json(value) is value


def test_moments_are_read_in_utc() -> None:
    noon = datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert check_moment(datetime(2026, 3, 14, 12)) == noon
    assert check_moment(datetime(2026, 3, 14, 14, tzinfo=timezone(timedelta(hours=2)))) == noon
    for edge, hours in ((datetime.min, 1), (datetime.max, -1)):
        with pytest.raises(ValueError, match="years 1 and 9999"):
            check_moment(edge.replace(tzinfo=timezone(timedelta(hours=hours))))
