"""Lists of batches: narrowed, searched and sorted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.batch_helpers import submit
from tests.conftest import Api
from tests.files.bodies import query

pytestmark = pytest.mark.every_postgres

ENDED = "completed_at = now(), pending_jobs = 0"
# name, customer, pipeline, number of jobs, what becomes of it
BATCHES = [
    ("alpha", "AB_PORT1", "typed", 1, "status = 'processing'"),
    ("beta 100%", "AB_PORT12", "typed", 2, f"status = 'completed', completed_jobs = 2, {ENDED}"),
    ("gamma_ray", "CD_QUAY", "no-op", 3, f"status = 'failed', failed_jobs = 3, {ENDED}"),
    ("gammaXray", None, "no-op", 2, "status = 'pending'"),
    ("delta 1000", None, "slow", 5, "status = 'paused', pause_reason = 'user'"),
    ("back\\slash", None, "slow", 4, "archived_at = now()"),
]


@pytest.fixture(scope="module", autouse=True)
async def batches(api: Api) -> None:
    for name, customer, pipeline, count, change in BATCHES:
        body = {"pipeline": pipeline, "items": [{"record": {}}] * count, "name": name, "customer_prefix": customer}
        answer = await api.post("/api/batches", json=body)
        await query(api, f"update batches set {change} where id = :id returning 1", id=answer.json()["batch_id"])


async def names(api: Api, **params: Any) -> list[str]:
    answer = await api.get("/api/batches", params=params)
    assert answer.status_code == 200, answer.text
    return [batch["name"] for batch in answer.json()["batches"]]


LIVE = ["delta 1000", "gammaXray", "gamma_ray", "beta 100%", "alpha"]


async def test_newest_first_and_without_the_archive(api: Api) -> None:
    assert await names(api) == LIVE
    assert await names(api, archived=True) == ["back\\slash"]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("pending", ["gammaXray"]),
        ("queued", ["gammaXray"]),
        ("in_progress", ["alpha"]),
        ("success", ["beta 100%"]),
        ("completed,failed", ["gamma_ray", "beta 100%"]),
        (" queued , success ,", ["gammaXray", "beta 100%"]),
        ("cancelled", []),
        ("", LIVE),
    ],
)
async def test_status_in_our_words_and_the_documents(api: Api, status: str, found: list[str]) -> None:
    assert await names(api, status=status) == found
    answer = await api.get("/api/jobs", params={"filter": f"status:{status}"})
    assert [group["batch_metadata"]["name"] for group in answer.json()["batches"]] == found


@pytest.mark.parametrize(
    ("customer", "found"),
    [
        ("AB_PORT1", ["beta 100%", "alpha"]),
        ("ab_port12", ["beta 100%"]),
        ("PORT", []),
        ("AB%", []),
        ("A_", []),
        ("CD_QUAY", ["gamma_ray"]),
    ],
)
async def test_customer_from_its_beginning(api: Api, customer: str, found: list[str]) -> None:
    assert await names(api, customer=customer) == found


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("gamma", ["gammaXray", "gamma_ray"]),
        ("GAMMA_", ["gamma_ray"]),
        ("100%", ["beta 100%"]),
        ("%", ["beta 100%"]),
        ("100", ["delta 1000", "beta 100%"]),
        ("\\", []),
        ("ab_port12", ["beta 100%"]),
        ("ab%port", []),
        ("'; drop table batches; --", []),
    ],
)
async def test_search_takes_every_character_as_itself(api: Api, search: str, found: list[str]) -> None:
    assert await names(api, search=search) == found
    answer = await api.get("/api/jobs", params={"search": search})
    assert [group["batch_metadata"]["name"] for group in answer.json()["batches"]] == found
    assert await names(api, search="\\", archived=True) == ["back\\slash"]


async def test_pipeline_by_key_or_id(api: Api) -> None:
    pipeline_id = (await api.get("/api/pipelines/no-op")).json()["id"]
    for pipeline in ("no-op", pipeline_id):
        assert await names(api, pipeline=pipeline) == ["gammaXray", "gamma_ray"]
    assert await names(api, pipeline="no-op", status="failed", search="ray") == ["gamma_ray"]


@pytest.mark.parametrize("path", ["/api/batches", "/api/batches/counts"])
async def test_unknown_pipeline_is_an_error(api: Api, path: str) -> None:
    answer = await api.get(path, params={"pipeline": "none"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_pipeline")
    assert "'none'" in answer.json()["detail"]
    assert "no-op" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("created_at", LIVE[::-1]),
        ("-created_at", LIVE),
        ("name", ["alpha", "beta 100%", "delta 1000", "gammaXray", "gamma_ray"]),
        ("-total_files", ["delta 1000", "gamma_ray", "gammaXray", "beta 100%", "alpha"]),
        ("status", ["beta 100%", "gamma_ray", "delta 1000", "gammaXray", "alpha"]),
    ],
)
async def test_sorts(api: Api, sort: str, found: list[str]) -> None:
    assert await names(api, sort=sort) == found
    paged, params = [], {"sort": sort, "limit": 2}
    while True:
        page = (await api.get("/api/batches", params=params)).json()
        paged += [batch["name"] for batch in page["batches"]]
        if not page["next_cursor"]:
            break
        params["cursor"] = page["next_cursor"]
    assert paged == found


async def test_created_after_reads_a_time_without_zone_as_utc(api: Api) -> None:
    at = (await api.get("/api/batches", params={"search": "gamma_ray"})).json()["batches"][0]["created_at"]
    for shown in (at, at.replace("+00:00", "").replace("Z", "")):
        assert await names(api, created_after=shown) == ["delta 1000", "gammaXray"]
    assert await names(api, created_after="2020-01-01") == LIVE


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"status": "done"}, "invalid_filter"),
        ({"sort": "id"}, "invalid_filter"),
        ({"sort": "--name"}, "invalid_filter"),
        ({"sort": ""}, "invalid_filter"),
        ({"search": "a\x00b"}, "invalid_filter"),
        ({"customer": "\x00"}, "invalid_filter"),
        ({"created_after": "yesterday"}, "validation_failed"),
        ({"created_after": "0001-01-01T00:00:00+01:00"}, "validation_failed"),
        ({"limit": 0}, "validation_failed"),
        ({"limit": 1001}, "validation_failed"),
        ({"archived": "perhaps"}, "validation_failed"),
        ({"search": "x" * 201}, "validation_failed"),
    ],
)
async def test_filters_that_are_not_understood(api: Api, params: dict[str, Any], code: str) -> None:
    answer = await api.get("/api/batches", params=params)
    assert (answer.status_code in (400, 422), answer.json()["code"]) == (True, code)


@pytest.mark.parametrize("filter", ["name:x", "status:nothing", "ready", ":"])
async def test_filters_of_jobs_that_are_not_understood(api: Api, filter: str) -> None:
    answer = await api.get("/api/jobs", params={"filter": filter})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_filter")


async def test_filter_survives_in_the_next_link(api: Api) -> None:
    await submit(api, "typed", [{}], name="näxt & more")
    await submit(api, "typed", [{}], name="näxt & more")
    page = await api.get("/api/batches", params={"search": "näxt & more", "limit": 1})
    link, _, relation = page.headers["Link"].partition(";")
    assert relation.strip() == 'rel="next"'
    following = await api.get(link.strip("<>"))
    assert [batch["name"] for batch in following.json()["batches"]] == ["näxt & more"]
    assert "Link" not in following.headers


async def test_counts_by_status_under_the_same_filters(api: Api) -> None:
    async def counts(**params: Any) -> tuple[dict[str, int], int]:
        answer = (await api.get("/api/batches/counts", params=params)).json()
        return {status: count for status, count in answer["by_status"].items() if count}, answer["archived"]

    assert await counts(search="gamma") == ({"failed": 1, "pending": 1}, 0)
    assert await counts(pipeline="slow") == ({"paused": 1}, 1)
    assert await counts(customer="ab", created_after="2020-01-01") == ({"processing": 1, "completed": 1}, 0)
    assert (await api.get("/api/batches/counts", params={"search": "a\x00b"})).status_code == 400
