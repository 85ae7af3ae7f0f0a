"""Generated from OpenAPI: no request that the document allows, at its largest, keeps the event loop for 100 ms.

Each operation is asked with the longest query and, where it takes a body, with the largest that its schema allows
(`largest.py`) and with large ones that it accepts (`valid_bodies.py`), about objects as large as they may be
(`large_batches.py`). A new operation is covered by that; one that takes a body fails here until it has a line in
`valid_bodies.py` or in SMALL, and one with an id of a new kind until it has one in `one_of_each.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.kit.web.early_answer import SMALL_BODY
from app.settings import Settings
from tests.auth.one_of_each import filled, make_one_of_each
from tests.conftest import Api, make_settings, serving
from tests.loop.callback_times import MOST_SECONDS, Times, timed_callbacks
from tests.loop.large_batches import draft, end, ended
from tests.loop.largest import Largest
from tests.loop.valid_bodies import JSON, REFUSED, RESTAURANTS, Sent, encoded, valid_bodies
from tests.patience import patient

pytestmark = [pytest.mark.own_service, pytest.mark.timeout(600)]

NOISY: Final = 2
"""So many times longer may a thread compute the same beside others that use the same caches."""
REPEATS: Final = 3
UNLIMITED: Final[dict[str, Any]] = {
    "rate_key_per_minute": 0,
    "rate_organisation_per_minute": 0,
    "play_writes_per_minute": 1_000_000,
    "quota_webhooks": 100_000,
}
SMALL: Final = {
    "PATCH /api/organisations/{organisation_id}/limits",
    "POST /api/session",
    "POST /api/keys/{key_id}/rotate",
    "POST /api/users",
    "PATCH /api/users/{user_id}",
    "POST /api/invitations",
    "POST /api/invitations/accept",
    "POST /api/organisations",
    "PATCH /api/organisations/{organisation_id}",
    "POST /api/organisations/{organisation_id}/invitations",
    "PATCH /api/organisations/{organisation_id}/users/{user_id}",
    "POST /api/batches/{batch_id}/retry-failed",
    "POST /api/jobs/{job_id}/retry",
    "POST /api/schedules/{schedule_id}/run",
    "POST /api/jobs/{job_id}/result-codes",
    "POST /api/batches/{batch_id}/result-codes",
    "POST /api/organisations/{organisation_id}/erase",
    "PATCH /api/reports/{report_id}",
    "POST /api/batch-reports/{batch_report_id}/files/{job_id}/read-again",
    "POST /api/registration-batches/{batch_id}/retry-failed",
}
"""What takes a body of a few words only."""
READERS: Final = {"POST /api/batches", "POST /api/jobs", "POST /api/restaurants/import", "POST /api/users"}
"""One of each way in which JSON is read: in pieces, by the route itself, as a file, and as that of all others."""
FORMATS: Final = {"format": ["json", "csv", "xlsx", "ndjson", "html"]}
"""Parameters of which each value is asked for."""
LAST: Final = (
    "POST /api/organisations/{organisation_id}/erase",
    "PATCH /api/organisations/{organisation_id}",
    "DELETE /api/session",
    "DELETE /api/sessions",
)
"""What would end what the others need."""


@dataclass
class Asked:
    """A request: what for, and as httpx takes it."""

    operation: str
    word: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
async def ids(home: Path, database_url: str) -> dict[str, str]:
    """Of one of everything. The service that made it has stopped: no worker computes beside what is measured."""
    async with serving(make_settings(home, database_url, **UNLIMITED)) as client:
        return await make_one_of_each(client)


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str, ids: dict[str, str]) -> AsyncIterator[Api]:
    async with serving(make_settings(home, database_url, worker="off", **UNLIMITED)) as client:
        yield client


@pytest.fixture(scope="module")
async def document(api: Api) -> dict[str, Any]:
    return dict((await api.get("/openapi.json")).json())


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    found = [(method.upper(), path, one) for path, of in document["paths"].items() for method, one in of.items()]
    order = {"GET": 0, "POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}
    return sorted(found, key=lambda one: (f"{one[0]} {one[1]}" in LAST, order[one[0]]))


def requests_of(
    document: dict[str, Any],
    method: str,
    path: str,
    ids: dict[str, str],
    settings: Settings,
    valid: dict[str, list[Sent]],
) -> Iterator[Asked]:
    name = f"{method} {path}"
    operation = document["paths"][path][method.lower()]
    limit = SMALL_BODY if operation["x-tranche-permission"] == "public" else settings.max_json_bytes - 2_000
    largest = Largest(document, limit)
    target = filled(path, ids).partition("?")[0]
    query = largest.query(operation)
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        yield Asked(name, "plain", filled(path, ids))
        yield Asked(name, "longest query", f"{target}?{httpx.QueryParams(query)}")
        for parameter, values in FORMATS.items():
            if parameter in query:
                for value in values:
                    yield Asked(name, value, f"{target}?{parameter}={value}")
        if "limit" in query:
            yield Asked(name, "most", f"{target}?limit={query['limit']}")
        return
    assert name in SMALL or name in valid, f"{name} takes a body: give it one in valid_bodies.py"
    for number, (body, headers) in enumerate(valid.get(name, ()), 1):
        yield Asked(name, f"valid {number}", target, encoded(body), headers)
    for body, headers in REFUSED.get(name, ()):
        yield Asked(name, "refused", target, encoded(body), headers)
    if "application/json" in content:
        for word, body in largest.bodies(content["application/json"]["schema"]):
            yield Asked(name, word, target, body, JSON)
        if name in READERS:
            for word, body in largest.hostile():
                yield Asked(name, word, target, body, JSON)


async def ask(api: Api, asked: Asked) -> int:
    """The status. The answer is taken in and thrown away."""
    method = asked.operation.partition(" ")[0]
    headers = {"Accept": "text/event-stream"} if asked.path.endswith("/events") else {}
    async with api.stream(
        method, asked.path, content=asked.body, headers=headers | asked.headers, timeout=patient(60)
    ) as answer:
        if answer.is_stream_consumed or asked.operation == "GET /api/events":
            return answer.status_code  # a problem, which was held against the document; or what never ends
        async for _ in answer.aiter_raw():
            pass
    return answer.status_code


def batch_of(operation: str, batches: dict[str, str], usual: str) -> str:
    """Which large batch an operation is asked about."""
    return batches.get(operation.rpartition("/")[2] if operation.startswith("POST") else operation.split()[0], usual)


async def test_no_request_blocks_the_loop(
    api: Api, ids: dict[str, str], document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = (await api.put("/api/files/large.txt", content=b"x" * 1_000)).json()["id"]
    slow: list[str] = []
    statuses: dict[str, dict[str, int]] = {}
    with timed_callbacks(monkeypatch) as times:
        usual, started = await ended(api, "ended", stored), await draft(api, "to be started")
        restaurants = (await api.post("/api/restaurants/import", json=RESTAURANTS)).json()["restaurant_ids"]
        submitted = await api.post("/api/registration-batches", json={"restaurant_ids": restaurants})
        registrations = str(submitted.json()["batch_id"])
        await end(api, registrations, stored)
        job = (await api.get(f"/api/batches/{usual}/jobs", params={"limit": 1})).json()["jobs"][0]["id"]
        added_to = await draft(api, "to be added to")
        batches = {
            "jobs": added_to,
            "start": started,
            "pause": started,
            "resume": started,
            "cancel": started,
            "DELETE": usual,
        }
        fixed = {"key": "no-op", "code": "AAAA-BBBB-CCCC", "sequence": "1"}
        for method, path, operation in operations(document):
            name = f"{method} {path}"
            large = ids | fixed | {"batch_id": batch_of(name, batches, usual), "registration_batch_id": registrations}
            large |= {"job_id": job, "name": "out.txt"} if path.startswith("/api/jobs/") else {}
            if method != "DELETE":  # about something small, as the database's driver learns types the first time
                body: dict[str, Any] = {"body": b"{}", "headers": JSON} if "requestBody" in operation else {}
                await ask(api, Asked(name, "small", filled(path, ids | fixed), **body))
            valid = valid_bodies(large | {"batch_id": usual}, restaurants)
            for asked in requests_of(document, method, path, large, api.settings, valid):
                statuses.setdefault(name, {})[asked.word] = await measured(api, asked, times, slow)
    asked_for = {f"{name} ({word})": status for name, found in statuses.items() for word, status in found.items()}
    failed = {name: status for name, status in asked_for.items() if status >= 500}
    refused = {name: status for name, status in asked_for.items() if "(valid" in name and status >= 400}
    assert (slow, failed, refused) == ([], {}, {})
    assert len(statuses) == sum(map(len, document["paths"].values()))


async def measured(api: Api, asked: Asked, times: Times, slow: list[str]) -> int:
    """Ask, and add to `slow` what kept the loop, or everybody, for too long.

    What is far too long the first time counts. What may be the noise of a busy machine is asked again, as long as the
    answer is the same.
    """
    times.clear()
    status = await ask(api, asked)
    longest, what, held = times.longest, times.what, times.held
    for _ in range(REPEATS):
        if longest > NOISY * MOST_SECONDS or max(longest, held) <= MOST_SECONDS:
            break
        times.clear()
        if await ask(api, asked) != status:
            break
        longest, held = min(longest, times.longest), min(held, times.held)
    if max(longest, held) > MOST_SECONDS:
        said = f"{longest:.3f} s in {what}, nobody else ran for {held:.3f} s"
        slow.append(f"{asked.operation} ({asked.word}), {status}: {said}")
    return status
