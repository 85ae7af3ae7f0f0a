"""Users, invitations and organisations over HTTP: who may change whom, and what ends at once."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from app.accounts import repository
from app.auth.errors import PermissionMissing
from app.automation import schedules
from app.automation.service import TemplateRunner
from app.tenants import repository as tenants
from tests.auth.people import caller, cookie_of, key_of
from tests.batch_helpers import submit
from tests.conftest import Api

pytestmark = pytest.mark.own_service


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def add_user(api: httpx.AsyncClient, name: str, **more: Any) -> dict[str, Any]:
    answer = await api.post("/api/users", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    user: dict[str, Any] = answer.json()
    return user


async def invite(api: httpx.AsyncClient, name: str, **more: Any) -> dict[str, Any]:
    answer = await api.post("/api/invitations", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    invitation: dict[str, Any] = answer.json()
    return invitation


async def test_users_are_made_changed_and_listed(api: Api) -> None:
    user = await add_user(api, "nightly import", role="viewer")
    assert (user["role"], user["operator"], user["active"]) == ("viewer", False, True)
    assert told(await api.post("/api/users", json={"name": "nightly import"})) == (409, "user_exists")
    changed = await api.patch(f"/api/users/{user['id']}", json={"role": "member", "email": "nightly@example.org"})
    assert (changed.json()["role"], changed.json()["email"]) == ("member", "nightly@example.org")
    assert (await api.patch(f"/api/users/{user['id']}", json={"email": None})).json()["email"] is None
    listed = (await api.get("/api/users")).json()["users"]
    assert user["id"] in [one["id"] for one in listed]
    wrong = ({"role": "operator"}, {"name": ""}, {"email": "no address"}, {"operator": True}, {"id": user["id"]})
    for body in wrong:
        assert told(await api.patch(f"/api/users/{user['id']}", json=body)) == (422, "validation_failed")


async def test_a_deactivated_user_is_out_at_once_and_the_work_stays(api: Api) -> None:
    key = await key_of(api, "Default", user="leaver", role="member")
    async with caller(api, key) as leaver, caller(api) as stranger:
        cookie = cookie_of(await stranger.post("/api/session", json={"key": key}))
        user_id = (await leaver.get("/api/session")).json()["user"]["id"]
        batch_id = await submit(leaver, "no-op", [{}], start=False)
        assert (await api.patch(f"/api/users/{user_id}", json={"active": False})).json()["active"] is False
        assert told(await leaver.get("/api/batches")) == (401, "invalid_key")
        async with caller(api, cookie=cookie) as browser:
            assert told(await browser.get("/api/batches")) == (401, "not_signed_in")
        assert told(await stranger.post("/api/session", json={"key": key})) == (401, "invalid_key")
        assert (await api.get(f"/api/batches/{batch_id}")).json()["batch"]["created_by"]["name"] == "leaver"
        assert (await api.patch(f"/api/users/{user_id}", json={"active": True})).status_code == 200
        assert (await leaver.get("/api/batches")).status_code == 200


async def test_a_removed_user_is_gone_and_the_work_stays(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "AT_A_TIME", 2)  # three batches take more than one transaction
    async with caller(api, await key_of(api, "Default", user="passer-by", role="member")) as passer_by:
        user_id = (await passer_by.get("/api/session")).json()["user"]["id"]
        batches = [await submit(passer_by, "no-op", [{}], start=False) for _ in range(3)]
        assert (await api.delete(f"/api/users/{user_id}")).status_code == 204
        assert told(await passer_by.get("/api/batches")) == (401, "invalid_key")
    assert told(await api.get(f"/api/users/{user_id}")) == (404, "user_not_found")
    assert told(await api.delete(f"/api/users/{user_id}")) == (404, "user_not_found")
    for batch_id in batches:
        assert (await api.get(f"/api/batches/{batch_id}")).json()["batch"]["created_by"] is None
    gone = (await api.get("/api/audit?action=user.deleted")).json()["entries"]
    assert (gone[0]["target_id"], gone[0]["target_name"]) == (user_id, "passer-by")
    me = (await api.get("/api/session")).json()["user"]["id"]
    assert told(await api.delete(f"/api/users/{me}"))[0] == 409  # the last administrator, and the last operator
    assert (await api.get("/api/session")).status_code == 200


async def test_a_schedule_of_a_deactivated_user_does_not_fire(api: Api) -> None:
    async with caller(api, await key_of(api, "Default", user="planner", role="member")) as planner:
        options = {"name": "planned", "options": {"pipeline": "no-op"}}
        source = {"source": {"type": "items", "items": [{"record": {}}]}}
        template = (await planner.post("/api/templates", json=options | source)).json()
        timed = {"template_id": template["id"], "cron": "* * * * *"}
        schedule = (await planner.post("/api/schedules", json=timed)).json()
        user_id = (await planner.get("/api/session")).json()["user"]["id"]
    await api.patch(f"/api/users/{user_id}", json={"active": False})
    async with api.installation.database.transaction() as session:
        await session.execute(text("update schedules set next_run_at = now() - interval '1 minute'"))
    with pytest.raises(PermissionMissing, match="may not submit any more"):
        async with api.installation.database.transaction() as session:
            await schedules.fire(session, api.installation.get(TemplateRunner), schedule["id"])
    await api.delete(f"/api/schedules/{schedule['id']}")


async def test_an_organisation_keeps_an_administrator(api: Api) -> None:
    keys = [await key_of(api, "Two", user=name) for name in ("first", "second")]
    async with caller(api, keys[0]) as first, caller(api, keys[1]) as second:
        ids = [(await one.get("/api/session")).json()["user"]["id"] for one in (first, second)]
        # Each takes the other's role at the same time: one of them must be left.
        answers = await asyncio.gather(
            first.patch(f"/api/users/{ids[1]}", json={"role": "member"}),
            second.patch(f"/api/users/{ids[0]}", json={"active": False}),
        )
        assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403], [200, 409])
        left = first if answers[0].status_code == 200 else second
        own = ids[0] if left is first else ids[1]
        for change in ({"role": "viewer"}, {"active": False}):
            assert told(await left.patch(f"/api/users/{own}", json=change)) == (409, "last_administrator")


async def test_operators_are_changed_by_operators_and_one_is_left(api: Api) -> None:
    me = (await api.get("/api/session")).json()
    own = f"/api/organisations/{me['organisation']['id']}/users/{me['user']['id']}"
    await key_of(api, "Default", user="deputy")
    for change in ({"operator": False}, {"active": False}):
        assert told(await api.patch(own, json=change)) == (409, "last_operator")
    async with caller(api, await key_of(api, "Default", user="deputy")) as deputy:
        for change in ({"active": False}, {"role": "member"}):
            answer = await deputy.patch(f"/api/users/{me['user']['id']}", json=change)
            assert (answer.status_code, answer.json()["permission"]) == (403, "operate")
        deputy_id = (await deputy.get("/api/session")).json()["user"]["id"]
        theirs = f"/api/organisations/{me['organisation']['id']}/users/{deputy_id}"
        assert (await api.patch(theirs, json={"operator": True})).json()["operator"] is True
        assert (await deputy.get("/api/workers")).status_code == 200
        assert (await deputy.patch(theirs, json={"operator": False})).json()["operator"] is False
        assert (await deputy.get("/api/workers")).status_code == 403


async def test_an_invitation_makes_a_user_once(api: Api) -> None:
    invitation = await invite(api, "Vera", role="viewer", email="vera@example.org")
    assert invitation["mailed_to"] is None  # no mail server
    assert invitation["code"] not in (await api.get("/api/invitations")).text
    assert told(await api.post("/api/users", json={"name": "Vera"}))[0] == 201  # the name is free until it is accepted
    async with caller(api) as stranger:
        refused = await stranger.post("/api/invitations/accept", json={"code": invitation["code"]})
        assert told(refused) == (409, "user_exists")
        users = (await api.get("/api/users")).json()["users"]
        taken = next(user["id"] for user in users if user["name"] == "Vera")
        await api.patch(f"/api/users/{taken}", json={"name": "another Vera"})
        codes = [{"code": invitation["code"]}] * 2
        answers = await asyncio.gather(*(stranger.post("/api/invitations/accept", json=one) for one in codes))
        assert sorted(answer.status_code for answer in answers) == [200, 404]
        accepted = next(answer.json() for answer in answers if answer.status_code == 200)
        assert next(answer.headers["Cache-Control"] for answer in answers if answer.status_code == 200) == "no-store"
    assert (accepted["user"]["name"], accepted["user"]["role"]) == ("Vera", "viewer")
    async with caller(api, accepted["key"]) as vera:
        assert (await vera.get("/api/batches")).status_code == 200
        assert told(await vera.get("/api/users")) == (403, "admin_only")


async def test_a_browser_accepts_by_post_only_and_is_signed_in(api: Api) -> None:
    invitation = await invite(api, "Browser")
    path = f"/invitation?{urlsplit(invitation['link']).query}"
    assert parse_qs(urlsplit(path).query)["code"] == [invitation["code"]]
    async with caller(api) as browser:
        for _ in range(2):  # mail programs look at links
            page = await browser.get(path)
            assert page.status_code == 200
            assert "Default" in page.text
        body = {"code": invitation["code"]}
        foreign = await browser.post("/invitation", data=body, headers={"Sec-Fetch-Site": "cross-site"})
        assert told(foreign) == (403, "cross_site_request")
        accepted = await browser.post("/invitation", data=body)
        assert (accepted.status_code, accepted.headers["Location"]) == (303, "/")
        assert (await browser.get(path)).status_code == 410
        assert (await browser.post("/invitation", data=body)).status_code == 410
    async with caller(api, cookie=cookie_of(accepted)) as browser:
        assert (await browser.get("/api/session")).json()["user"]["name"] == "Browser"


async def test_an_invitation_that_was_taken_back_or_is_over_opens_nothing(api: Api) -> None:
    gone, late = await invite(api, "gone"), await invite(api, "late")
    assert (await api.delete(f"/api/invitations/{gone['id']}")).status_code == 204
    async with api.installation.database.transaction() as session:
        await session.execute(text("update invitations set expires_at = now() where name = 'late'"))
    async with caller(api) as stranger:
        for code in (gone["code"], late["code"], "guess"):
            answer = await stranger.post("/api/invitations/accept", json={"code": code})
            assert told(answer) == (404, "invitation_not_found")
    assert [one["name"] for one in (await api.get("/api/invitations")).json()["invitations"]] == []
    over = (await api.get("/api/invitations?expired=true")).json()["invitations"]
    assert [one["name"] for one in over] == ["late"]
    assert (await api.delete(f"/api/invitations/{late['id']}")).status_code == 204
    assert (await api.get("/api/invitations?expired=true")).json()["invitations"] == []


async def test_an_invitation_that_is_over_is_shown_for_a_while(api: Api) -> None:
    await invite(api, "lately")
    await invite(api, "long ago")
    async with api.installation.database.transaction() as session:
        for name, age in (("lately", timedelta(days=29)), ("long ago", timedelta(days=31))):
            values = {"name": name, "age": age}
            await session.execute(
                text("update invitations set expires_at = now() - cast(:age as interval) where name = :name"), values
            )
        assert await repository.delete_expired_invitations(session) == 1
    over = (await api.get("/api/invitations?expired=true")).json()["invitations"]
    assert [one["name"] for one in over] == ["lately"]


async def test_operators_make_organisations_and_see_all(api: Api) -> None:
    made = (await api.post("/api/organisations", json={"name": "Acme"})).json()
    assert told(await api.post("/api/organisations", json={"name": "Acme"})) == (409, "organisation_exists")
    path = f"/api/organisations/{made['id']}"
    empty = {"users": 0, "administrators": 0, "batches": 0, "open": 0, "files": 0, "bytes": 0}
    assert (await api.get(path)).json()["figures"] == empty
    invitation = (await api.post(f"{path}/invitations", json={"name": "Ada", "role": "admin"})).json()
    async with caller(api) as stranger:
        key = (await stranger.post("/api/invitations/accept", json={"code": invitation["code"]})).json()["key"]
    async with caller(api, key) as ada:
        session = (await ada.get("/api/session")).json()
        assert (session["organisation"]["name"], session["user"]["role"]) == ("Acme", "admin")
        await submit(ada, "no-op", [{}], start=False)
        await ada.put("/api/files/a.txt", content=b"12345")
        for asked in ("/api/organisations", path, f"{path}/users"):
            assert (await ada.get(asked)).json()["permission"] == "operate"
    figures = (await api.get(path)).json()["figures"]
    assert figures == {"users": 1, "administrators": 1, "batches": 1, "open": 1, "files": 1, "bytes": 5}
    assert [user["name"] for user in (await api.get(f"{path}/users")).json()["users"]] == ["Ada"]
    assert (await api.patch(path, json={"name": "Acme Ltd"})).json()["name"] == "Acme Ltd"
    names = [one["name"] for one in (await api.get("/api/organisations")).json()["organisations"]]
    assert {"Acme Ltd", "Default"} <= set(names)
    assert "Acme" not in names


async def test_what_was_done_is_in_the_audit_log(api: Api) -> None:
    user = await add_user(api, "watched")
    await api.patch(f"/api/users/{user['id']}", json={"role": "admin"})
    await api.patch(f"/api/users/{user['id']}", json={"role": "admin"})  # changes nothing
    query = text("select action, details from audit_log where target_name = 'watched' order by at")
    async with api.installation.database.transaction() as session:
        rows = (await session.execute(query)).all()
    assert [row[0] for row in rows] == ["user.created", "user.updated"]
    assert rows[1][1] == {"changed": {"role": {"from": "member", "to": "admin"}}}
    assert not re.search("trn_", str(rows))
