"""The provider ends sessions by a token that it signed."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select

from app.audit.models import AuditEntry
from tests.accounts.openid_provider import (
    Browser,
    Provider,
    forget_provider,
    settings_for,
)
from tests.conftest import Api

pytestmark = pytest.mark.own_service


@pytest.fixture(scope="module")
def settings_values(running_provider: Provider) -> dict[str, Any]:
    return settings_for(running_provider, oidc_default_role="member")


async def log_out(browser: Browser, token: str) -> httpx.Response:
    return await browser.post("/sign-in/oidc/back-channel-logout", data={"logout_token": token})


async def signed_in(api: Api, provider: Provider, subject: str, provider_session: str) -> Browser:
    browser = Browser(api)
    provider.person = {"sub": subject, "name": subject, "sid": provider_session}
    assert (await browser.sign_in()).status_code == 303
    return browser


async def test_sessions_of_a_person_or_of_one_of_the_provider_s_sessions_end(api: Api, provider: Provider) -> None:
    await forget_provider(api)
    first = await signed_in(api, provider, "ada", "one")
    second = await signed_in(api, provider, "ada", "two")
    third = await signed_in(api, provider, "bob", "three")
    assert (await log_out(first, provider.logout_token(sid="two"))).status_code == 200
    assert [bool(await browser.who()) for browser in (first, second, third)] == [True, False, True]
    assert (await log_out(first, provider.logout_token(sid="three", sub="ada"))).status_code == 200
    assert await third.who()
    answer = await log_out(first, provider.logout_token(sub="ada"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert [bool(await browser.who()) for browser in (first, second, third)] == [False, False, True]
    async with api.installation.database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action == "session.ended").order_by(AuditEntry.at.desc()).limit(1)
        entry = (await session.execute(query)).scalar_one()
    assert entry.details == {"by": "openid", "reason": "back_channel_logout"}
    for browser in (first, second, third):
        await browser.aclose()


async def test_an_old_token_ends_nothing_new(api: Api, provider: Provider) -> None:
    await forget_provider(api)
    token = provider.logout_token(sub="eve", iat=int(time.time()) - 100)
    browser = await signed_in(api, provider, "eve", "four")
    assert (await log_out(browser, token)).status_code == 200
    assert await browser.who()
    await browser.aclose()


async def test_false_tokens_end_nothing(api: Api, provider: Provider) -> None:
    await forget_provider(api)
    browser = await signed_in(api, provider, "ada", "five")
    now = int(time.time())
    false = [
        "",
        "a.b.c",
        provider.logout_token(sub="ada", typ="JWT"),
        provider.logout_token(sub="ada", nonce="n"),
        provider.logout_token(sub="ada", events=None),
        provider.logout_token(sub="ada", events={"another": {}}),
        provider.logout_token(sub="ada", events=[]),
        provider.logout_token(sub="ada", aud="another"),
        provider.logout_token(sub="ada", iss="https://elsewhere.example"),
        provider.logout_token(sub="ada", iat=now - 3600),
        provider.logout_token(sub="ada", iat=now + 3600),
        provider.logout_token(sub="ada", iat=None),
        provider.logout_token(sub="ada", jti=None),
        provider.logout_token(sub="ada", exp=now - 3600),
        provider.logout_token(sub=5),
        provider.logout_token(sid=5),
        provider.logout_token(),
        provider.logout_token(sub="ada", key=RSAKey.generate_key(2048, {"kid": "key-0"})),
    ]
    for number, token in enumerate(false):
        answer = await log_out(browser, token)
        assert answer.status_code == 400, number
        assert answer.json()["error"] == "invalid_request"
    assert await browser.who()
    provider.is_away = True
    await forget_provider(api)
    assert (await log_out(browser, provider.logout_token(sub="ada"))).status_code == 503
    await browser.aclose()
