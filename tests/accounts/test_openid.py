"""Signing in with an OpenID provider: the way there and back, and what is refused on it."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy import select, update
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.accounts.openid.attempts import own_path
from app.audit.models import AuditEntry
from app.auth.models import Session
from app.limits.guesses import Guesses
from app.limits.rates import Rate
from app.limits.windows import WindowStorage
from tests.accounts.openid_provider import (
    CALLBACK,
    CLIENT_ID,
    PUBLIC_URL,
    Browser,
    Provider,
    forget_provider,
    settings_for,
)
from tests.conftest import Api

pytestmark = pytest.mark.own_service


@pytest.fixture(scope="module")
def settings_values(running_provider: Provider) -> dict[str, Any]:
    return settings_for(running_provider, oidc_label="Acme", oidc_default_role="member", oidc_session_hours=2)


@pytest.fixture(autouse=True)
async def known(api: Api, provider: Provider) -> None:
    await forget_provider(api)


async def test_the_way_there_and_back(api: Api, provider: Provider) -> None:
    async with Browser(api, Host="evil.example") as browser:
        address = await browser.begin("/sign-in/oidc?next=/%23/batches")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["redirect_uri"] == CALLBACK  # whatever Host says
        assert asked["response_type"] == "code"
        assert asked["scope"] == "openid profile email"
        assert asked["code_challenge_method"] == "S256"
        assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
        answer = await browser.get(await browser.ask_provider(address))
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/#/batches"
        assert answer.headers["Cache-Control"] == "no-store"
        cookies = answer.headers.get_list("Set-Cookie")
        assert any(cookie.startswith('tranche_oidc=""') for cookie in cookies)
        opened = next(cookie for cookie in cookies if cookie.startswith("tranche_session="))
        assert "HttpOnly" in opened
        assert "SameSite=lax" in opened
        assert 7190 <= int(opened.partition("Max-Age=")[2].partition(";")[0]) <= 7200
        who = await browser.who()
        assert who["user"]["name"] == "Ada"
        assert who["user"]["role"] == "member"
        assert who["sign_out_path"] == "/sign-in/oidc/sign-out"
    async with api.installation.database.transaction() as session:
        query = select(AuditEntry.action, AuditEntry.details).order_by(AuditEntry.at.desc()).limit(2)
        created, made = (await session.execute(query)).all()
    assert (created.action, created.details) == ("session.created", {"by": "openid"})
    assert made.action == "user.created"


async def test_the_cookie_of_https_is_of_this_very_host(api: Api, provider: Provider) -> None:
    async with Browser(api, **{"X-Forwarded-Proto": "https"}) as browser:
        cookie = (await browser.get("/sign-in/oidc")).headers["Set-Cookie"]
    assert cookie.startswith("__Host-tranche_oidc=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"):
        assert part in cookie
    assert "Domain" not in cookie


async def test_what_the_cookie_holds_cannot_be_read(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser:
        address = await browser.begin()
        sealed = browser.cookies["tranche_oidc"].strip('"').partition(".")[2]
        nonce = parse_qs(urlsplit(address).query)["nonce"][0]
        assert nonce.encode() not in base64.urlsafe_b64decode(sealed)


async def test_an_answer_counts_once_and_for_the_browser_that_asked(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser, Browser(api) as other:
        back = await browser.ask_provider(await browser.begin())
        kept = dict(browser.cookies)
        assert (await other.get(back)).status_code == 400  # another browser, as one that was sent the link
        await other.begin()
        assert (await other.get(back)).status_code == 400  # which began one of its own
        assert (await browser.get(back.replace("state=", "state=x"))).status_code == 400
        assert (await browser.get(back.replace("state=", "stat="))).status_code == 400
        assert (await browser.get(back)).status_code == 303
        for name, value in kept.items():
            browser.cookies.set(name, value)
        again = await browser.get(back)
        assert again.status_code == 400
        assert "cannot be finished" in again.text
        assert await other.who() == {}


async def test_answers_that_are_made_up_are_throttled(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.installation.get(Guesses), "_keys", Rate("made-up", 2, WindowStorage()))
    async with Browser(api) as guesser, Browser(api) as browser:
        back = await browser.ask_provider(await browser.begin())
        seen = [(await guesser.get("/sign-in/oidc/callback?state=a&code=b")).status_code for _ in range(3)]
        assert seen == [400, 400, 429]
        assert (await browser.get(back)).status_code == 303  # the right one is never held up


async def test_an_attempt_ends(api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Browser(api) as browser:
        back = await browser.ask_provider(await browser.begin())
        later = time.time() + 601
        monkeypatch.setattr("app.accounts.openid.attempts.time", SimpleNamespace(time=lambda: later))
        assert (await browser.get(back)).status_code == 400


async def test_a_code_of_another_sign_in_is_worth_nothing(api: Api, provider: Provider) -> None:
    async with Browser(api) as attacker, Browser(api) as victim:
        stolen = parse_qs(urlsplit(await attacker.ask_provider(await attacker.begin())).query)["code"][0]
        back = httpx.URL(await victim.ask_provider(await victim.begin()))
        answer = await victim.get(back.copy_set_param("code", stolen))
        assert answer.status_code == 403  # the provider asks for the verifier of the attacker's own request
        assert await victim.who() == {}


Bend = Callable[[Provider, dict[str, Any]], str]


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unsigned(provider: Provider, claims: dict[str, Any], alg: str = "none") -> str:
    return ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": alg, "kid": "key-0"}, claims)) + "."


def by_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """By hand, as no library signs with what everybody knows."""
    key = provider.keys[0]
    assert isinstance(key, RSAKey)
    text = unsigned(provider, claims, alg="HS256")
    return text + encoded(hmac.digest(key.as_pem(private=False), text[:-1].encode(), "sha256"))


def altered(provider: Provider, claims: dict[str, Any]) -> str:
    header, _, signature = provider.signed(claims).split(".")
    return f"{header}.{encoded(json.dumps(claims | {'sub': 'root'}).encode())}.{signature}"


def by_stranger(provider: Provider, claims: dict[str, Any]) -> str:
    key = RSAKey.generate_key(2048, {"kid": "key-0"})
    return provider.signed(claims, key=key, jwk=key.as_dict(private=False))  # which says itself whose key to use


def changed(**claims: Any) -> Bend:
    return lambda provider, own: provider.signed(
        {name: value for name, value in (own | claims).items() if value is not None}
    )


FALSE: dict[str, Bend] = {
    "unsigned": unsigned,
    "signed with the public key": by_public_key,
    "altered": altered,
    "signed by a stranger": by_stranger,
    "of a key nobody knows": lambda provider, own: provider.signed(own, kid="nobody's"),
    "no token at all": lambda provider, own: "abc",
    "nested deeply": lambda provider, own: encoded(b"[" * 9000) + ".e30.AA",
    "another nonce": changed(nonce="another"),
    "no nonce": changed(nonce=None),
    "for another client": changed(aud="another"),
    "for two, of another": changed(aud=[CLIENT_ID, "another"], azp="another"),
    "for two, of nobody": changed(aud=[CLIENT_ID, "another"]),
    "of another issuer": changed(iss="https://elsewhere.example"),
    "of the issuer with a slash": lambda provider, own: provider.signed(own | {"iss": provider.issuer + "/"}),
    "expired": changed(exp=int(time.time()) - 3600),
    "without an end": changed(exp=None),
    "with an end that is no number": changed(exp="tomorrow"),
    "from the future": changed(iat=int(time.time()) + 3600),
    "not valid yet": changed(nbf=int(time.time()) + 3600),
    "without a time": changed(iat=None),
    "of nobody": changed(sub=None),
    "of a number": changed(sub=12),
    "of what no column holds": changed(sub="a\x00b"),
    "of half a character": changed(sub="\ud800"),
    "of a long subject": changed(sub="a" * 256),
    "for another access token": changed(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
}


@pytest.mark.parametrize("name", FALSE)
async def test_a_false_token_signs_nobody_in(api: Api, provider: Provider, name: str) -> None:
    provider.sign = lambda claims: FALSE[name](provider, claims)
    async with Browser(api) as browser:
        answer = await browser.sign_in()
        assert answer.status_code == 403
        assert "could not be checked" in answer.text
        assert await browser.who() == {}
    async with api.installation.database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action == "session.refused").order_by(AuditEntry.at.desc())
        entry = (await session.execute(query.limit(1))).scalar_one()
    assert entry.details["reason"] == "answer_not_valid"
    assert entry.outcome == "failure"


@pytest.mark.parametrize(
    "claims", [{"aud": [CLIENT_ID]}, {"azp": CLIENT_ID}, {"aud": [CLIENT_ID, "api"], "azp": CLIENT_ID}, {"late": 45}]
)
async def test_what_providers_do_differently_is_right_as_well(
    api: Api, provider: Provider, claims: dict[str, Any]
) -> None:
    late = claims.pop("late", 0)  # its clock is ahead, or ours behind
    provider.claims = claims | {"iat": int(time.time()) + late, "exp": int(time.time()) + 300}
    async with Browser(api) as browser:
        assert (await browser.sign_in()).status_code == 303


async def test_keys_are_rotated(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser:
        assert (await browser.sign_in()).status_code == 303
        provider.rotate()
        assert (await browser.sign_in()).status_code == 303
        assert provider.requests.count("/jwks") == 2
        old = Provider(provider.issuer)
        provider.sign = old.signed
        assert (await browser.sign_in()).status_code == 403  # which the provider took out of use
        for _ in range(3):
            assert (await browser.sign_in()).status_code == 403
        assert provider.requests.count("/jwks") == 2  # what nobody knows is not asked for each time


async def test_keys_of_other_kinds(api: Api, provider: Provider) -> None:
    curve = ECKey.generate_key("P-256", {"kid": "curve"})
    odd = OctKey.generate_key(256, {"kid": "odd"})
    provider.keys = [odd, RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"}), curve]
    provider.metadata = {"id_token_signing_alg_values_supported": ["ES256"]}
    provider.sign = lambda claims: provider.signed(claims, key=curve, alg="ES256")
    async with Browser(api) as browser:
        assert (await browser.sign_in()).status_code == 303
        provider.sign = lambda claims: provider.signed(claims, key=odd, alg="HS256")
        assert (await browser.sign_in()).status_code == 403


async def test_who_answers_is_said(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser:
        provider.answer = {"iss": "https://elsewhere.example"}
        assert (await browser.sign_in()).status_code == 403
        assert "/token" not in provider.requests  # the code of another is not told to anybody
        provider.answer = {"iss": provider.issuer}
        assert (await browser.sign_in()).status_code == 303
        await forget_provider(api)
        provider.metadata = {"authorization_response_iss_parameter_supported": True}
        provider.answer = {}
        assert (await browser.sign_in()).status_code == 403
        provider.answer = {"iss": provider.issuer}
        assert (await browser.sign_in()).status_code == 303


async def test_the_provider_says_no(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser:
        provider.answer = {"error": "access_denied", "error_description": "<script>alert(1)</script>", "code": ""}
        answer = await browser.sign_in()
        assert answer.status_code == 403
        assert "script>alert" not in answer.text
        assert 'href="/sign-in/oidc?next=%2F"' in answer.text


def broken(status: int, body: str) -> Callable[[], Response]:
    return lambda: Response(body, status, {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param({"is_away": True}, id="away"),
        pytest.param({"metadata": {"issuer": "https://elsewhere.example"}}, id="another issuer"),
        pytest.param({"metadata": {"jwks_uri": "http://[::1"}}, id="no URL"),
        pytest.param({"metadata": {"token_endpoint": "file:///etc/passwd"}}, id="a file"),
        pytest.param({"metadata": {"token_endpoint": None}}, id="no endpoint"),
        pytest.param({"metadata": {"jwks_uri": "http://127.0.0.2:9/jwks"}}, id="another private address"),
        pytest.param({"metadata": {"id_token_signing_alg_values_supported": ["HS256", "none"]}}, id="no key pair"),
        pytest.param({"keys": []}, id="no keys"),
        pytest.param({"token_answer": broken(500, "{}")}, id="token endpoint fails"),
        pytest.param({"token_answer": broken(200, "<html>")}, id="no JSON"),
        pytest.param({"token_answer": broken(200, "[]")}, id="no object"),
        pytest.param({"token_answer": broken(200, " " * 300_000)}, id="endless"),
        pytest.param({"token_answer": lambda: JSONResponse({"error": "invalid_client"}, 401)}, id="secret is wrong"),
        pytest.param({"token_answer": lambda: RedirectResponse("http://127.0.0.1:1/")}, id="redirect"),
    ],
)
async def test_a_provider_that_is_away_or_wrong_is_a_503_and_a_log_line(
    api: Api, provider: Provider, bend: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in bend.items():
        setattr(provider, name, value)
    async with Browser(api) as browser:
        answer = await browser.get("/sign-in/oidc")
        if answer.status_code == 303:
            answer = await browser.get(await browser.ask_provider(answer.headers["Location"]))
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "10"
        assert "Other ways to sign in work" in answer.text
        assert provider.issuer not in answer.text
        assert any(record.name == "tranche.openid" and record.levelname == "ERROR" for record in caplog.records)
        assert (await browser.post("/api/session", json={"key": api.key})).status_code == 201


async def test_what_was_known_is_used_while_the_provider_cannot_be_asked_anew(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Browser(api) as browser:
        await browser.begin()
        provider.is_away = True
        later = time.monotonic() + 3700
        monkeypatch.setattr("app.accounts.openid.discovery.time", SimpleNamespace(monotonic=lambda: later))
        assert (await browser.begin()).startswith(f"{provider.issuer}/authorize?")
        assert provider.requests.count("/.well-known/openid-configuration") == 2
        await browser.begin()
        assert provider.requests.count("/.well-known/openid-configuration") == 2


async def test_a_page_of_another_site_cannot_sign_anybody_in_unasked(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser:
        for site in ("cross-site", "same-site"):
            led = await browser.get("/sign-in/oidc?next=/%23/keys", headers={"Sec-Fetch-Site": site})
            assert led.status_code == 200
            assert 'href="/sign-in/oidc?next=%2F%23%2Fkeys"' in led.text
            assert "Sign in with Acme" in led.text
            assert "Set-Cookie" not in led.headers
        assert (await browser.get("/sign-in/oidc", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 303


ELSEWHERE = ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "evil", ""]


@pytest.mark.parametrize("path", [*ELSEWHERE, "/a\nb", "/\t/evil.example", "/" * 600, "/a" * 300])
async def test_nobody_is_led_elsewhere(api: Api, provider: Provider, path: str) -> None:
    async with Browser(api) as browser:
        answer = await browser.get("/sign-in/oidc", params={"next": path})
        answer = await browser.get(await browser.ask_provider(answer.headers["Location"]))
        assert answer.headers["Location"] == "/"
    assert own_path("/#/batches?a=b") == "/#/batches?a=b"


async def test_signing_out_leads_to_the_provider(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser:
        await browser.sign_in()
        assert (await browser.delete("/api/session")).status_code == 204
        assert await browser.who() == {}
        there = (await browser.get("/sign-in/oidc/sign-out")).headers["Location"]
        asked = parse_qs(urlsplit(there).query)
        assert there.startswith(f"{provider.issuer}/end?")
        assert asked == {"client_id": [CLIENT_ID], "post_logout_redirect_uri": [f"{PUBLIC_URL}/"]}
        led = await browser.get("/sign-in/oidc/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
        assert led.headers["Location"] == "/"
        await forget_provider(api)
        provider.metadata = {"end_session_endpoint": None}
        assert (await browser.get("/sign-in/oidc/sign-out")).headers["Location"] == "/"
        await browser.post("/api/session", json={"key": api.key})
        assert (await browser.who())["sign_out_path"] is None


async def test_a_session_ends_whatever_it_is_used_for(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser:
        await browser.sign_in()
        async with api.installation.database.transaction() as session:
            row = (await session.execute(select(Session).order_by(Session.created_at.desc()).limit(1))).scalar_one()
            assert row.expires_at - row.created_at == timedelta(hours=2)
            past = datetime.now(UTC) - timedelta(seconds=1)
            await session.execute(update(Session).where(Session.id == row.id).values(expires_at=past))
        assert await browser.who() == {}


async def test_pages_are_told_how_people_sign_in(api: Api) -> None:
    async with Browser(api) as browser:
        answer = await browser.get("/api/sign-in-methods")
    assert answer.json() == {"openid": {"label": "Acme", "path": "/sign-in/oidc"}}
