"""Roles, scopes and the operator: what each may do, by the permission that openapi.json names for an operation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import update

from app.auth.models import User
from app.auth.permissions import Permission, permissions_of
from tests.auth.people import caller, key_of
from tests.conftest import Api
from tests.files.bodies import ask_all

ROLES = {
    "viewer": {"read"},
    "member": {"read", "submit", "manage"},
    "admin": {"read", "submit", "manage", "admin"},
}


@pytest.mark.parametrize("role", ROLES)
def test_roles_have_their_permissions(role: str) -> None:
    assert permissions_of(role, operator=False) == ROLES[role]
    assert permissions_of(role, operator=True) == ROLES[role] | {"operate"}
    assert permissions_of(role, operator=True, scopes=["read", "admin"]) == ROLES[role] & {"read", "admin"}
    assert permissions_of(role, operator=True, scopes=[]) == set()


async def wrongly_answered(api: Api, key: str, permissions: Iterable[str]) -> list[tuple[str, str, int]]:
    """The operations that let a key in which has only these permissions, or refuse it although it has them."""
    document: dict[str, Any] = (await api.get("/openapi.json")).json()
    asked = [
        (operation["x-tranche-permission"], method.upper(), re.sub(r"{\w+}", "0" * 32, path))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation["x-tranche-permission"] in set(Permission) and path != "/api/events"  # never ends
    ]
    assert {permission for permission, *_ in asked} == set(Permission)
    wrong, permitted = [], set(permissions)
    async with caller(api, key) as client:
        answers = await ask_all(client, [(method, path) for _, method, path in asked])
    for (permission, method, path), answer in zip(asked, answers, strict=True):
        problem = answer.json() if answer.status_code == 403 else {}
        code = "admin_only" if permission == "admin" else "permission_missing"
        refused = (problem.get("code"), problem.get("permission")) == (code, permission)
        if refused == (permission in permitted):
            wrong.append((method, path, answer.status_code))
    return wrong


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_is_let_in_where_its_permissions_say(api: Api, role: str) -> None:
    assert await wrongly_answered(api, await key_of(api, "Roles", user=role, role=role), ROLES[role]) == []


@pytest.mark.parametrize("scope", ["read", "submit", "manage", "admin"])
async def test_a_scope_is_all_that_its_key_may(api: Api, scope: str) -> None:
    key = await key_of(api, "Default", user="admin", scopes=[scope])
    assert await wrongly_answered(api, key, [scope]) == []
    async with caller(api, key) as client:
        assert (await client.get("/api/session")).json()["permissions"] == [scope]


async def test_an_operator_without_scopes_may_everything(api: Api) -> None:
    assert await wrongly_answered(api, api.key, Permission) == []


async def test_a_user_who_is_deactivated_cannot_call(api: Api) -> None:
    key = await key_of(api, "Roles", user="leaver")
    async with caller(api, key) as client:
        assert (await client.get("/api/session")).status_code == 200
        async with api.installation.database.transaction() as session:
            await session.execute(update(User).where(User.name == "leaver").values(deactivated_at=User.created_at))
        assert (await client.get("/api/session")).json()["code"] == "invalid_key"
