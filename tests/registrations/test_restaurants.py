"""Restaurants: the list and its filters, importing, changing, removing."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.auth.people import caller, key_of
from tests.batch_helpers import follow
from tests.conftest import Api
from tests.registrations.menus import add_restaurant

PATH = "/api/restaurants"
CSV = """name,type,stage,icp score,city,contact_name,contact_email,phone,address
Pizza Palace,Outbound,cold,7/10,Taupo,Ana,ana@example.org,021,1 High St
Burger House,Outbound,warm,8,Taupo,,,,
Chicken Shop,Inbound,hot,9,Napier,,,,
"""


async def listed(api: Api, **wanted: Any) -> list[str]:
    reply = await api.get(PATH, params=wanted)
    assert reply.status_code == 200, reply.text
    return [restaurant["name"] for restaurant in reply.json()["restaurants"]]


async def test_import_list_and_filters(api: Api) -> None:
    tried = (await api.post(f"{PATH}/import", content=CSV, params={"dry_run": True})).json()
    assert (tried["kept"], tried["rows"], tried["good_rows"], tried["created"]) == ("none", 3, 3, 0)
    assert await listed(api, city="taupo") == []
    reply = await api.post(f"{PATH}/import", content=CSV, headers={"Content-Type": "text/csv"})
    assert (reply.status_code, reply.json()["kept"], reply.json()["created"]) == (201, "all", 3)
    pizza = (await api.get(f"{PATH}/{reply.json()['restaurant_ids'][0]}")).json()
    assert pizza["contact"] == {"name": "Ana", "email": "ana@example.org", "phone": "021"}
    assert (pizza["icp_score"], pizza["attributes"], pizza["status"]) == (7, {"address": "1 High St"}, "ready")
    assert await listed(api, city="TAUPO") == ["Burger House", "Pizza Palace"]
    assert await listed(api, search="napi") == ["Chicken Shop"]
    assert await listed(api, search="house", type="outbound", stage="warm", icp=8, status="ready") == ["Burger House"]
    assert await listed(api, search="o", icp_min=8, sort="-icp_score") == ["Chicken Shop", "Burger House"]
    assert await listed(api, city="Taupo", status="live") == []
    pages, cursor = [], None
    while True:
        page = (
            await api.get(PATH, params={"limit": 2, "sort": "icp_score"} | ({"cursor": cursor} if cursor else {}))
        ).json()
        pages += [restaurant["name"] for restaurant in page["restaurants"]]
        if not (cursor := page["next_cursor"]):
            break
    assert pages == ["Pizza Palace", "Burger House", "Chicken Shop"]


async def test_an_import_with_errors_adds_nothing_or_the_good_rows(api: Api) -> None:
    bad = "name,icp_score,city\nOne,3,Here\n,4,Here\nTwo,12,Here\nOne,1,Here\nThree,1,Here,more\nFour,,\n"
    refused = (await api.post(f"{PATH}/import", content=bad)).json()
    assert (refused["code"], refused["kept"], refused["created"], refused["rows"]) == ("import_not_clean", "none", 0, 6)
    assert [(error["line"], error["column"], error["code"]) for error in refused["errors"]] == [
        (6, None, "too_many_cells"),
        (3, "name", "value_not_valid"),
        (4, "icp_score", "value_not_valid"),
        (5, "name", "restaurant_exists"),
    ]
    assert await listed(api, search="here") == []
    kept = (await api.post(f"{PATH}/import", content=bad, params={"keep_good_rows": True})).json()
    assert (kept["kept"], kept["created"], kept["error_count"]) == ("good_rows", 2, 4)
    assert await listed(api, search="here") == ["One"]


async def test_json_is_imported_and_a_key_makes_it_once(api: Api) -> None:
    rows = [{"name": "Json One", "contact": {"email": "a@b.example"}, "seats": 40}, {"name": "Json Two", "id": "x"}]
    headers = {"Idempotency-Key": uuid4().hex}
    replies = [await api.post(f"{PATH}/import", json={"restaurants": rows}, headers=headers) for _ in range(2)]
    assert replies[0].json() == replies[1].json()
    assert replies[1].headers["Idempotent-Replayed"] == "true"
    one = (await api.get(f"{PATH}/{replies[0].json()['restaurant_ids'][0]}")).json()
    assert (one["attributes"], one["contact"]) == ({"seats": 40}, {"email": "a@b.example"})
    again = await api.post(f"{PATH}/import", json=rows)
    assert [error["code"] for error in again.json()["errors"]] == ["restaurant_exists"] * 2


async def test_two_imports_at_once_add_each_restaurant_once(api: Api) -> None:
    content = "name\n" + "".join(f"Race {number}\n" for number in range(50))
    replies = await asyncio.gather(*(api.post(f"{PATH}/import", content=content) for _ in range(3)))
    assert sorted(reply.status_code for reply in replies) == [201, 422, 422]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty_file"),
        ("city\nHere\n", "columns_missing"),
        ("{}", "json_not_rows"),
        ("[", "json_not_valid"),
        ("[]", "no_rows"),
    ],
)
async def test_files_without_restaurants_are_refused(api: Api, content: str, reason: str) -> None:
    refused = await api.post(f"{PATH}/import", content=content)
    assert (refused.status_code, refused.json()["reason"]) == (422, reason)


async def test_create_change_and_remove(api: Api) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = {"name": "Changing", "icp_score": 5, "attributes": {"seats": 4}}
    one, again = [(await api.post(PATH, json=body, headers=headers)).json() for _ in range(2)]
    assert one == again
    changed = (await api.patch(f"{PATH}/{one['id']}", json={"stage": "hot", "icp_score": None})).json()
    assert (changed["stage"], changed["icp_score"], changed["attributes"]) == ("hot", None, {"seats": 4})
    assert (await api.patch(f"{PATH}/{one['id']}", json={"name": None})).status_code == 422
    draft = {"restaurant_ids": [one["id"]], "start": False}
    batch_id = (await api.post("/api/registration-batches", json=draft)).json()["batch_id"]
    assert (await api.get(f"{PATH}/{one['id']}")).json()["status"] == "ready"
    assert (await api.delete(f"{PATH}/{one['id']}")).status_code == 204
    assert (await api.get(f"{PATH}/{one['id']}")).status_code == 404
    await api.post(f"/api/registration-batches/{batch_id}/start")
    await follow(api, batch_id)
    jobs = (await api.get(f"/api/registration-batches/{batch_id}")).json()["jobs"]
    assert [job["error_code"] for job in jobs] == ["RESTAURANT_NOT_FOUND"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a\x00b"},
        {"name": "x", "icp_score": 11},
        {"name": "x", "icp_score": 10**40},
        {"name": "x", "contact": []},
        {"name": "x", "attributes": {"a": "\ud800"}},
        {"name": "x", "unknown": 1},
    ],
)
async def test_what_is_no_restaurant_is_refused(api: Api, body: dict[str, Any]) -> None:
    refused = await api.post(PATH, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert refused.status_code == 422
    imported = await api.post(f"{PATH}/import", content=json.dumps([body | {"unknown": "goes to attributes"}]))
    assert imported.status_code == (201 if "unknown" in body else 422)


async def test_nobody_sees_the_restaurants_of_another_organisation(api: Api) -> None:
    one = await add_restaurant(api, "Private")
    async with caller(api, await key_of(api, "Strangers")) as stranger:
        assert (await stranger.get(PATH)).json()["restaurants"] == []
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("PUT", "/menu")):
            answer = await stranger.request(method, f"{PATH}/{one}{path}", json={} if method == "PATCH" else None)
            assert answer.status_code == 404
        refused = await stranger.post("/registration-batches", json={"restaurant_ids": [one]})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_restaurants")
        assert refused.json()["restaurant_ids"] == [one]
