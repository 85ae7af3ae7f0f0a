"""Generated from OpenAPI: who is let in where, and that nothing of an organisation is there for another.

`x-tranche-permission` of an operation says what to expect for each credential. A new route is covered by itself; a new
kind of id in a path fails here until it has a line in `one_of_each.py`, and so does a permission that is none of ours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.auth.models import ApiKey, User
from app.auth.permissions import Permission, permissions_of
from app.auth.secrets import secret_hash
from tests.auth.one_of_each import BODIES, SHARED, filled, make_one_of_each, only_streams, routes
from tests.auth.people import caller, cookie_of, key_of
from tests.conftest import Api
from tests.files.bodies import ask_all

pytestmark = pytest.mark.own_service

PUBLIC_OPERATIONS = {
    ("POST", "/api/session"),
    ("POST", "/api/invitations/accept"),
    ("GET", "/api/sign-in-methods"),
}
ANYONE_SIGNED_IN = {
    *((method, path) for path in ("/api/session", "/api/sessions") for method in ("GET", "DELETE")),
    ("DELETE", "/api/sessions/{session_id}"),
    *((method, "/api/keys") for method in ("GET", "POST")),
    *(("DELETE", "/api/keys/{key_id}"), ("POST", "/api/keys/{key_id}/rotate")),
}
REFUSED = {"not_signed_in", "invalid_key"}


@pytest.fixture(scope="module")
async def openapi(api: Api) -> dict[str, Any]:
    return dict((await api.get("/openapi.json")).json())


@pytest.fixture(scope="module")
async def of_first(api: Api) -> dict[str, str]:
    return await make_one_of_each(api)


@dataclass(frozen=True)
class Credential:
    """A client, and what it may; `permissions` is None for one that proves nothing.

    `first`: of the organisation whose ids the paths have.
    """

    name: str
    client: httpx.AsyncClient
    permissions: frozenset[str] | None
    first: bool = True
    cross_site: bool = False
    narrowed: bool = False


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    permission: str
    streams: bool = field(default=False)

    @property
    def is_tenants(self) -> bool:
        """Whether the path has an id of an organisation's row, which is not there for others."""
        return "{" in self.path and self.path not in SHARED and self.permission != Permission.OPERATE


def what_it_should_be(operation: Operation, credential: Credential, real: bool) -> str:
    """`401`, `cross-site`, `missing`, `404`, or `let in`. `real`: the ids of the path are the first organisation's."""
    if operation.permission == "public":
        return "let in"
    if credential.cross_site and operation.method != "GET":
        return "cross-site"
    if credential.permissions is None:
        return "401"
    if operation.path.startswith("/api/keys") and credential.narrowed and "admin" not in credential.permissions:
        return "missing"  # whose key is whole manages their own
    if operation.permission != "any" and operation.permission not in credential.permissions:
        return "missing"
    return "404" if operation.is_tenants and (not credential.first or not real) else "let in"


def what_it_was(operation: Operation, answer: httpx.Response) -> str:
    problem = answer.json() if answer.headers.get("Content-Type") == "application/problem+json" else {}
    code = problem.get("code")
    if answer.status_code == 401:
        told = code in REFUSED and answer.headers["WWW-Authenticate"].startswith("Bearer")
        return "401" if told else f"401 without its code or header: {problem}"
    if code == "cross_site_request":
        return "cross-site"
    if code in ("permission_missing", "admin_only"):
        needed = "admin" if operation.path.startswith("/api/keys") else operation.permission
        return "missing" if problem["permission"] == needed else f"missing {problem['permission']}"
    if answer.status_code == 404:
        return "404"
    return (
        "let in"
        if answer.status_code not in (403, 429) and answer.status_code < 500
        else f"{answer.status_code} {code}"
    )


@pytest.fixture(scope="module")
async def credentials(api: Api) -> AsyncIterator[list[Credential]]:
    async with AsyncExitStack() as stack:
        found: list[Credential] = []

        async def add(name: str, permissions: frozenset[str] | None, *, first: bool = True, **more: Any) -> None:
            cross_site = "Sec-Fetch-Site" in more
            client = await stack.enter_async_context(caller(api, **more))
            found.append(Credential(name, client, permissions, first, cross_site, name.startswith("scope ")))

        async def ended(name: str, **values: Any) -> str:
            key = await key_of(api, "Default", user="admin")
            async with api.installation.database.transaction() as session:
                await session.execute(update(ApiKey).where(ApiKey.key_hash == secret_hash(key)).values(values))
            return key

        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        await add("no key", None)
        await add("wrong key", None, key="trn_wrong")
        await add("wrong cookie", None, cookie="trn_wrong")
        await add("basic", None, Authorization="Basic YTpi")
        await add("revoked key", None, key=await ended("revoked", revoked_at=long_ago))
        await add("expired key", None, key=await ended("expired", expires_at=long_ago))
        for role in ("viewer", "member", "admin"):
            key = await key_of(api, "Default", user=f"a {role}", role=role)
            await add(role, permissions_of(role, operator=False), key=key)
        for scope in ("read", "submit", "manage", "admin"):
            key = await key_of(api, "Default", user="admin", scopes=[scope])
            await add(f"scope {scope}", frozenset([scope]), key=key)
        second = await key_of(api, "Second", user="their admin")
        await add("admin of another", permissions_of("admin", operator=False), first=False, key=second)
        operator = await key_of(api, "Second", user="their operator", role="viewer")
        async with api.installation.database.transaction() as session:
            await session.execute(update(User).where(User.name == "their operator").values(operator=True))
        await add("operator of another", permissions_of("viewer", operator=True), first=False, key=operator)
        key = await key_of(api, "Default", user="a browser")  # nobody else signs this user out
        own = permissions_of("admin", operator=False)
        async with caller(api) as browser:
            cookie = cookie_of(await browser.post("/api/session", json={"key": key}))
        await add("session, cross-site", own, cookie=cookie, **{"Sec-Fetch-Site": "cross-site"})
        yield found


async def test_each_credential_is_let_in_where_it_should_be(
    api: Api, openapi: dict[str, Any], of_first: dict[str, str], credentials: list[Credential]
) -> None:
    unknown = {name: f"{0:032x}" if name.endswith("_id") else value for name, value in of_first.items()}
    of_first, unknown = ({**ids, "key": "no-op"} for ids in (of_first, unknown))
    operations = []
    for method, path in routes(openapi):
        permission = openapi["paths"][path][method.lower()]["x-tranche-permission"]
        known = {"public": PUBLIC_OPERATIONS, "any": ANYONE_SIGNED_IN}.get(permission)
        assert permission in {*Permission} if known is None else (method, path) in known, (method, path, permission)
        streams = method == "GET" and only_streams(openapi, path)
        operations.append(Operation(method, path, permission, streams))
    wrong = []
    for credential in credentials:
        requests, expected = [], []
        for operation in operations:
            # What would be let in and change something is asked of what does not exist, so that everything stays.
            real = operation.method == "GET" or what_it_should_be(operation, credential, real=True) != "let in"
            method = "HEAD" if operation.streams else operation.method  # a stream would never end
            requests.append((method, filled(operation.path, of_first if real else unknown)))
            expected.append(what_it_should_be(operation, credential, real))
        answers = await ask_all(credential.client, requests, headers={"Accept": "application/json"})
        for operation, request, answer, should in zip(operations, requests, answers, expected, strict=True):
            was = what_it_was(operation, answer) if request[0] != "HEAD" else by_status(answer)
            named = operation.path in SHARED or operation.permission == Permission.OPERATE
            if named and should == "let in" and was == "404":
                continue  # what it names was never set up here
            # A body that is not valid is refused before the id is looked at, and says nothing of it.
            if was != should and not (should == "404" and answer.status_code == 422 and body_is_read(operation)):
                wrong.append((credential.name, *request, f"{was}, not {should}"))
    assert wrong == []
    assert len(operations) * len(credentials) > 2000


def by_status(answer: httpx.Response) -> str:
    return {401: "401", 403: "missing", 404: "404"}.get(answer.status_code, "let in")


def body_is_read(operation: Operation) -> bool:
    return operation.method in ("POST", "PUT", "PATCH")


async def test_no_route_has_a_hidden_head_without_credential(
    api: Api, openapi: dict[str, Any], of_first: dict[str, str]
) -> None:
    paths = [filled(path, of_first | {"key": "no-op"}) for method, path in routes(openapi) if method == "GET"]
    async with caller(api) as client:
        for path, answer in zip(paths, await ask_all(client, [("HEAD", path) for path in paths]), strict=True):
            assert answer.status_code in (401, 405), path


async def test_ids_of_another_organisation_do_not_exist(
    api: Api, openapi: dict[str, Any], of_first: dict[str, str]
) -> None:
    wrong, asked = [], 0
    async with caller(api, await key_of(api, "Second")) as second:
        for method, path in routes(openapi):
            if "{" not in path or path in SHARED or path.startswith("/api/organisations/"):  # an operator's
                continue
            for accept in ("application/json", "text/event-stream"):
                body = BODIES.get(path, {} if method == "PATCH" else None)
                answer = await second.request(method, filled(path, of_first), headers={"Accept": accept}, json=body)
                asked += 1
                members = {name: value for name, value in answer.json().items() if name != "instance"}
                if answer.status_code != 404 or of_first["name"] in str(members):
                    wrong.append((method, path, answer.status_code))
            unknown = {name: f"{0:032x}" if name.endswith("_id") else value for name, value in of_first.items()}
            truly_unknown = await second.request(method, filled(path, unknown), json=body)
            of_each = {"instance": "", "request_id": ""}
            if truly_unknown.json() | of_each != answer.json() | of_each:
                wrong.append((method, path, "tells the two apart"))
    assert wrong == []
    assert asked >= 20


async def test_lists_show_nothing_of_another_organisation(
    api: Api, openapi: dict[str, Any], of_first: dict[str, str]
) -> None:
    async with caller(api, await key_of(api, "Third")) as third:
        for method, path in routes(openapi):
            if method == "GET" and "{" not in path and not only_streams(openapi, path):
                if openapi["paths"][path]["get"]["x-tranche-permission"] == "operate":
                    continue  # what belongs to no organisation
                answer = await third.get(filled(path, {}))
                assert answer.status_code == 200, path
                assert not [value for value in of_first.values() if value in answer.text], path


async def test_first_organisation_still_has_everything(
    api: Api, openapi: dict[str, Any], of_first: dict[str, str]
) -> None:
    for method, path in routes(openapi):
        if method == "GET" and "{" in path and path not in SHARED:
            assert (await api.get(filled(path, of_first))).status_code == 200, path
    async with caller(api, await key_of(api, "Default", user="admin")) as same:
        ids = [key["id"] for key in (await same.get("/api/keys")).json()["keys"]]
    assert of_first["key_id"] in ids
