"""Cursors, and every query parameter and path of the API with values that nobody should send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from app.kit.errors import CursorNotReadable
from app.kit.pages import decode_cursor, encode_cursor
from tests.auth.one_of_each import only_streams, webhook_of
from tests.batch_helpers import run
from tests.conftest import Api
from tests.files.bodies import ask_all
from tests.reports.tables import report_ids

AT, ID = datetime(2026, 3, 14, 15, 9, 26, 535897, UTC), uuid4()
WEIRD = [
    "",
    "a%00b",
    "%FF%FE",
    "%ED%A0%80",
    "-1",
    str(2**31),
    "9" * 5000,
    "٣",
    "%0d%0aX-Injected:%201",
    "2026-01-01T00:00:00+99:99",
    "0001-01-01T00:00:00%2B14:00",
]
IDS = ["x", "-1", "%00", "%FF", "..%2f..%2fetc%2fpasswd", "{}", "00000000-0000-0000-0000-0000000000000", "9" * 400]


@pytest.mark.parametrize("key", [(7,), ("text",), (AT, ID), ("", ID), ("上海", ID), (0, ID)])
def test_cursor_comes_back_as_it_went(key: tuple[Any, ...]) -> None:
    cursor = encode_cursor(*(value.isoformat() if isinstance(value, datetime) else value for value in key))
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert tuple(decode_cursor(cursor, *map(type, key))) == key


def test_cursor_of_other_kinds_is_refused() -> None:
    for key, kinds in (((7,), (str,)), (("7",), (int,)), ((7, ID), (int,)), ((7,), (int, UUID)), ((True,), (int,))):
        with pytest.raises(CursorNotReadable):
            decode_cursor(encode_cursor(*key), *kinds)


@pytest.fixture(scope="module")
async def openapi(api: Api) -> dict[str, Any]:
    return dict((await api.get("/openapi.json")).json())


@pytest.fixture(scope="module")
async def ids(api: Api) -> dict[str, str]:
    """Something real for each parameter of a path."""
    batch = await run(api, "no-op", [{}])
    file_id = (await api.put("/api/files/a", content=b"x")).json()["id"]
    key_id = (await api.get("/api/keys")).json()["keys"][0]["id"]
    real = {"batch_id": batch["id"], "job_id": batch["jobs"][0]["id"], "file_id": file_id, "key_id": key_id}
    restaurant_id = (await api.post("/api/restaurants", json={"name": "a"})).json()["id"]
    registration = (await api.post("/api/registration-batches", json={"restaurant_ids": [restaurant_id]})).json()
    act = {"action": "cancel", "filter": {}}
    real["act_id"] = (await api.post(f"/api/batches/{batch['id']}/jobs/bulk", json=act)).json()["id"]
    real |= {"restaurant_id": restaurant_id, "registration_batch_id": registration["batch_id"]}
    code = (await api.post(f"/api/batches/{batch['id']}/result-codes")).json()
    real |= {"result_code_id": code["id"], "code": code["code"], "sequence": "1", "extraction_id": str(ID), "page": "1"}
    play_id = (await api.post("/api/plays/", json={"name": "a play"})).json()["id"]
    webhook_id, delivery_id = await webhook_of(api)
    real |= {"play_id": str(play_id), "webhook_id": webhook_id, "delivery_id": delivery_id}
    template = {"name": "a", "options": {"pipeline": "no-op"}}
    template_id = (await api.post("/api/templates", json=template)).json()["id"]
    timed = {"template_id": template_id, "cron": "0 9 * * *"}
    schedule_id = (await api.post("/api/schedules", json=timed)).json()["id"]
    real |= {"template_id": template_id, "schedule_id": schedule_id, "session_id": str(ID)}
    real["user_id"] = (await api.post("/api/users", json={"name": "somebody"})).json()["id"]
    real["invitation_id"] = (await api.post("/api/invitations", json={"name": "invited"})).json()["id"]
    real["organisation_id"] = (await api.get("/api/session")).json()["organisation"]["id"]
    return real | {"name": "a", "key": "no-op", "kind": "ai"} | await report_ids(api)


def readings(openapi: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path, methods in openapi["paths"].items():
        if "get" in methods and path.startswith("/api") and not only_streams(openapi, path):
            yield path, methods["get"].get("parameters", [])


def filled(path: str, ids: dict[str, str]) -> str:
    if path.startswith("/api/registration-batches") and ids["batch_id"] not in IDS:
        ids = ids | {"batch_id": ids["registration_batch_id"]}
    return re.sub(r"{(\w+)}", lambda match: ids[match[1]], path)


def is_fine(answer: httpx.Response) -> bool:
    if answer.status_code < 400:
        return True
    is_problem = answer.headers["Content-Type"] == "application/problem+json" and bool(answer.json()["code"])
    return answer.status_code < 500 and is_problem


async def test_no_query_parameter_breaks_a_route(api: Api, openapi: dict[str, Any], ids: dict[str, str]) -> None:
    requests = []
    for path, parameters in readings(openapi):
        names = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
        queries = [f"{name}={value}" for name in names for value in WEIRD] + ["&".join(f"{n}=x&{n}=y" for n in names)]
        requests += [("GET", f"{filled(path, ids)}?{query}&unknown=1") for query in queries]
    assert len(requests) > 200
    for request, answer in zip(requests, await ask_all(api, requests), strict=True):
        assert is_fine(answer), (request, answer.text[:500])
        assert "X-Injected" not in answer.headers


async def test_no_id_in_a_path_breaks_a_route(api: Api, openapi: dict[str, Any], ids: dict[str, str]) -> None:
    requests = []
    for path, methods in openapi["paths"].items():
        for name in re.findall(r"{(\w+_id)}", path):
            addresses = [filled(path, ids | {name: value}) for value in IDS]
            requests += [(method.upper(), address) for method in methods for address in addresses]
    for request, answer in zip(requests, await ask_all(api, requests), strict=True):
        assert answer.status_code >= 400, request
        assert is_fine(answer), (request, answer.text[:500])


@pytest.mark.parametrize("value", ["", "-1", "x", "1.5", "1 2", "9" * 19, "%00", "٣", "0x1"])
async def test_junk_as_last_event_id(api: Api, ids: dict[str, str], value: str) -> None:
    path = f"/api/batches/{ids['batch_id']}/events"
    answers = [await api.get(f"{path}?last_event_id={quote(value, safe='%')}")]
    if value.isascii() and "%" not in value:
        answers.append(await api.get(path, headers={"Last-Event-ID": value}))
    for answer in answers:
        if value:
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_last_event_id")
        else:
            assert answer.status_code == 200
