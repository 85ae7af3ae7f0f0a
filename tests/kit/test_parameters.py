"""Query parameters that a route does not know are refused, with the nearest that it knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.auth.people import caller
from tests.batch_helpers import submit
from tests.conftest import Api


@pytest.mark.parametrize(
    ("path", "name", "nearest"),
    [
        ("/api/batches", "stauts", "status"),
        ("/api/batches/counts", "costumer", "customer"),
        ("/api/jobs", "fliter", "filter"),
        ("/api/batch-reports", "summry", "summary"),
        ("/api/plays/", "x", None),
        ("/api/restaurants", "icp-min", "icp_min"),
        ("/api/events", "last_event", None),
    ],
)
async def test_unknown_parameter(api: Api, path: str, name: str, nearest: str | None) -> None:
    answer = await api.get(path, params={name: "failed"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "unknown_parameter")
    assert problem["errors"][0]["loc"] == ["query", name]
    assert problem["errors"][0].get("nearest") == nearest
    assert f"query parameter {name}." in problem["detail"]
    assert not nearest or f"Did you mean {nearest}?" in problem["detail"]


async def test_every_unknown_parameter_is_named_at_once(api: Api) -> None:
    answer = await api.get("/api/batches", params={"one": 1, "two": 2, "limit": 3})
    assert [error["loc"][1] for error in answer.json()["errors"]] == ["one", "two"]


async def test_parameters_that_only_the_route_reads_are_known(api: Api) -> None:
    params: dict[str, Any] = {"summary.formats.csv": 2}
    assert (await api.get("/api/batch-reports", params=params)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/console/theme.js", "/docs", "/openapi.json", "/r/none"])
async def test_pages_take_whatever_comes_with_a_link(api: Api, path: str) -> None:
    async with caller(api) as browser:
        assert (await browser.get(path, params={"utm_source": "mail", "v": "1"})).status_code in (200, 404)
        assert (await browser.get(path)).status_code == (await browser.get(path, params={"x": "1"})).status_code


async def test_commands_refuse_them_before_they_do_anything(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    answer = await api.post(f"/api/batches/{batch_id}/start", params={"dry_run": True})
    assert answer.status_code == 422
    assert (await api.get(f"/api/batches/{batch_id}")).json()["batch"]["status"] == "draft"
