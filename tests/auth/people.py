"""Callers of several organisations and roles."""

from __future__ import annotations

import httpx

from app.auth import service
from tests.conftest import Api
from tests.patience import patient


async def key_of(
    api: Api,
    organisation: str,
    *,
    user: str = "someone",
    role: str = "admin",
    scopes: list[str] | None = None,
    pipelines: list[str] | None = None,
) -> str:
    """A new key of a user of an organisation that the module calls so ("Default": its own), each made when missing."""
    async with api.installation.database.transaction() as session:
        owner = await service.ensure_user(session, api.organisation_named(organisation), user, role)
        key, secret = await service.add_key(session, owner.id, "a test's key")
        key.scopes, key.pipelines = scopes, pipelines
        return secret


def caller(api: Api, key: str | None = None, cookie: str | None = None, **headers: str) -> httpx.AsyncClient:
    """A client with a key, with a session's cookie, or with neither."""
    given = {"Authorization": f"Bearer {key}"} if key else {}
    cookies = {"tranche_session": cookie} if cookie else {}
    hooks = api.event_hooks  # the answers to these callers are held against openapi.json as well
    return httpx.AsyncClient(
        base_url=api.base_url, headers=given | headers, cookies=cookies, timeout=patient(30), event_hooks=hooks
    )


def cookie_of(answer: httpx.Response) -> str:
    """The session that an answer sets."""
    value = answer.headers["Set-Cookie"].partition("tranche_session=")[2].partition(";")[0]
    assert value
    return str(value)
