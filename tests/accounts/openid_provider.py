"""An OpenID provider for the tests that also lies: with everything as it should be unless a test bends it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import uvicorn
from joserfc import jws
from joserfc.jwk import Key, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.accounts.openid.provider import Provider as Client
from tests.conftest import Api
from tests.patience import patient

CLIENT_ID, SECRET = "tranche", "a secret: with %/+ in it"
PUBLIC_URL = "https://tranche.example"
CALLBACK = f"{PUBLIC_URL}/sign-in/oidc/callback"
_RSA = [RSAKey.generate_key(2048, {"kid": f"key-{number}", "use": "sig"}) for number in range(2)]


def s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Provider:
    """Signs everybody in at once, as `person`. `sign` makes the ID token of its claims, `asked` is what was asked."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.reset()

    def reset(self) -> None:
        self.person: dict[str, Any] = {"sub": "ada", "name": "Ada", "groups": ["makers"]}
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.user_info: dict[str, Any] | None = None
        self.keys: list[Key] = [_RSA[0]]
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: self.signed(claims)
        self.answer: dict[str, str] = {}
        self.token_answer: Callable[[], Response] | None = None
        self.is_away = False
        self.asked: list[dict[str, str]] = []
        self.requests: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    def rotate(self) -> None:
        self.keys = [_RSA[1]]

    def signed(self, claims: dict[str, Any], *, key: Key | None = None, typ: str = "JWT", **header: Any) -> str:
        used = key or self.keys[0]
        header = {"alg": "RS256", "kid": used.kid, "typ": typ} | header
        header = {name: value for name, value in header.items() if value is not None}
        return jws.serialize_compact(header, json.dumps(claims), used, algorithms=[str(header["alg"])])

    def document(self) -> dict[str, Any]:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        } | self.metadata
        return {name: value for name, value in found.items() if value is not None}

    def logout_token(self, *, typ: str = "logout+jwt", key: Key | None = None, **claims: Any) -> str:
        now = int(time.time())
        found = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": "1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        } | claims
        return self.signed({name: value for name, value in found.items() if value is not None}, typ=typ, key=key)

    def app(self) -> Starlette:
        async def respond(request: Request) -> Response:
            path = request.url.path
            self.requests.append(path)
            if self.is_away:
                return Response(status_code=502)
            match path:
                case "/.well-known/openid-configuration":
                    return JSONResponse(self.document())
                case "/jwks":
                    return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})
                case "/authorize":
                    return self._authorize(dict(request.query_params))
                case "/token":
                    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
                    return self._redeem(form, request.headers.get("authorization", ""))
                case "/userinfo" if self.user_info is not None:
                    assert request.headers["authorization"] == "Bearer access"
                    return JSONResponse(self.user_info)
            return Response(status_code=404)

        return Starlette(routes=[Route("/{path:path}", respond, methods=["GET", "POST"])])

    def _authorize(self, asked: dict[str, str]) -> Response:
        self.asked.append(asked)
        code = f"code-{len(self.asked)}"
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"]} | self.answer
        return RedirectResponse(str(httpx.URL(asked["redirect_uri"]).copy_merge_params(answer)), 302)

    def _redeem(self, form: dict[str, str], authorization: str) -> Response:
        if self.token_answer:
            return self.token_answer()
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        if [unquote(part) for part in given] != [CLIENT_ID, SECRET]:
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form["code"], None)
        if asked is None or s256(form["code_verifier"]) != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= self.person | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        return JSONResponse({"access_token": "access", "token_type": "Bearer", "id_token": self.sign(claims)})


@asynccontextmanager
async def serving_provider() -> AsyncIterator[Provider]:
    """The provider, on a port of its own, in this loop."""
    provider = Provider("")
    server = uvicorn.Server(uvicorn.Config(provider.app(), port=0, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    provider.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.should_exit = True
        await task


class Browser(httpx.AsyncClient):
    """A browser that goes where it is sent when it is told to."""

    def __init__(self, api: Api, **headers: str) -> None:
        super().__init__(base_url=api.base_url, headers=headers, timeout=patient(30))

    async def begin(self, path: str = "/sign-in/oidc") -> str:
        """Where the service sends it."""
        answer = await self.get(path)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    async def ask_provider(self, address: str) -> str:
        """Where the provider sends it, as a path of the service."""
        answer = await self.get(address)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        assert back._replace(query="").geturl() == CALLBACK
        return f"{back.path}?{back.query}"

    async def sign_in(self, path: str = "/sign-in/oidc") -> httpx.Response:
        return await self.get(await self.ask_provider(await self.begin(path)))

    async def who(self) -> dict[str, Any]:
        answer = await self.get("/api/session")
        return dict(answer.json()) if answer.status_code == 200 else {}


def settings_for(provider: Provider, **more: Any) -> dict[str, Any]:
    """Settings of a service whose people sign in with this provider."""
    return {
        "public_url": PUBLIC_URL,
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SECRET,
        **more,
    }


async def forget_provider(api: Api) -> None:
    """Have the service know nothing of the provider, as after a start."""
    client = api.installation.get(Client)
    await client.stop()
    await client.start()
