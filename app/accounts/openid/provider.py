"""The OpenID provider: where browsers are sent, and what it says of who comes back with its code."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from app.accounts.openid.attempts import Attempt
from app.accounts.openid.claims import Person, claim_at, person_of
from app.accounts.openid.client import Client
from app.accounts.openid.discovery import SECONDS, Discovery, ask, json_of
from app.accounts.openid.refusals import CodeRefused, ProviderAway, TokenNotValid
from app.accounts.openid.settings import OidcSettings
from app.kit.outbound.client import outbound_client
from app.kit.service import CannotStart

CALLBACK: Final = "/sign-in/oidc/callback"
_OUR_FAULT: Final = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})
"""What the provider answers when this service is not set up with it as it should be (RFC 6749, 5.2)."""
_WITH_LIBRARIES: Final = tuple(f"app.accounts.openid.{name}" for name in ("keys", "requests", "tokens"))
"""What imports the libraries for OpenID, 3.5 MB and 0.3 s: only where there is a provider, and not on the loop."""
log = logging.getLogger("tranche.openid")


class PublicUrlMissing(CannotStart):
    """The provider must be told where people come back to."""


class Provider:
    """A service. Without an issuer in the settings it is not `configured`, and nothing else of it may be used.

    The operator names the provider, so its host may have a private address; every other host that its document names
    must be public, or be allowed by TRANCHE_OUTBOUND_ALLOW. Nothing that it answers leads to another address.
    """

    def __init__(self, settings: OidcSettings, base_url: str, allow: Sequence[str]) -> None:
        self.settings, self.issuer, self._base_url = settings, settings.oidc_issuer or "", base_url
        self._allow = [*allow, urlsplit(self.issuer).hostname or ""] if self.issuer else []
        self._client_id = Client(settings.oidc_client_id or "", tuple(settings.oidc_acr.split()))
        self._http: httpx.AsyncClient | None = None
        self._discovery: Discovery | None = None

    @property
    def configured(self) -> bool:
        return bool(self.issuer)

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends browsers back to: from TRANCHE_PUBLIC_URL, whatever a request says of its host."""
        return f"{self._base_url}{CALLBACK}"

    async def start(self) -> None:
        if not self.configured:
            return
        if not self._base_url:
            raise PublicUrlMissing("TRANCHE_OIDC_ISSUER needs TRANCHE_PUBLIC_URL, where the provider leads back to")
        for name in _WITH_LIBRARIES:
            await asyncio.to_thread(import_module, name)
        self._http = outbound_client(allow=self._allow, timeout=SECONDS)
        self._discovery = Discovery(self.issuer, self._http)

    async def stop(self) -> None:
        if self._http:
            await self._http.aclose()

    @property
    def discovery(self) -> Discovery:
        assert self._discovery
        return self._discovery

    async def authorization_url(self, attempt: Attempt, *, anew: bool = False) -> str:
        """Where the browser signs in, `anew` where it is already; raises ProviderAway."""
        from app.accounts.openid.requests import grant_uri

        metadata = await self.discovery.metadata()
        asked = {"acr_values": self.settings.oidc_acr} if self.settings.oidc_acr else {}
        asked |= {"prompt": "login"} if anew else {}
        asked |= {"redirect_uri": self.redirect_uri, "scope": self.settings.oidc_scopes}
        asked |= {"state": attempt.state, "nonce": attempt.nonce}
        return grant_uri(metadata.authorization_endpoint, self._client_id.id, attempt.verifier, asked)

    async def check_sender(self, named: str | None) -> None:
        """Refuse an answer that another provider sent (RFC 9207); raises TokenNotValid or ProviderAway."""
        if named is None:
            if (await self.discovery.metadata()).names_issuer:
                raise TokenNotValid("the answer does not say who sent it, which this provider always does")
        elif not compare_digest(named.encode("utf-8", "surrogatepass"), self.issuer.encode()):
            raise TokenNotValid("the answer says that another provider sent it")

    async def redeem(self, code: str, attempt: Attempt) -> Person:
        """Who signed in, for the code of this attempt; raises CodeRefused, TokenNotValid or ProviderAway."""
        from app.accounts.openid.tokens import read_id_token

        tokens = await self._exchange(code, attempt)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise TokenNotValid("the provider sent no ID token")
        access_token = access_token if isinstance(access_token, str) and access_token.isascii() else None
        claims = await read_id_token(
            self.discovery, self._client_id, id_token, nonce=attempt.nonce, access_token=access_token
        )
        if access_token and self._lacks_something(claims):
            claims = await self._user_info(access_token, claims["sub"]) | claims
        return person_of(self.issuer, claims, self.settings)

    async def logged_out(self, logout_token: str) -> dict[str, Any]:
        """Whose sessions a logout token ends; raises TokenNotValid or ProviderAway."""
        from app.accounts.openid.tokens import read_logout_token

        return await read_logout_token(self.discovery, self._client_id, logout_token)

    async def sign_out_url(self) -> str | None:
        """Where a browser signs out of the provider as well (RP-Initiated Logout 1.0), if it has such a place."""
        endpoint = (await self.discovery.metadata()).end_session_endpoint
        if endpoint is None:
            return None
        asked = {"client_id": self._client_id.id, "post_logout_redirect_uri": f"{self._base_url}/"}
        return str(httpx.URL(endpoint).copy_merge_params(asked))

    async def _exchange(self, code: str, attempt: Attempt) -> Mapping[str, Any]:
        from app.accounts.openid.requests import token_request

        metadata = await self.discovery.metadata()
        secret = self.settings.oidc_client_secret
        url, headers, body = token_request(
            metadata,
            self._client_id.id,
            secret.get_secret_value() if secret else None,
            {"redirect_uri": self.redirect_uri, "code": code, "code_verifier": attempt.verifier},
        )
        answer = await ask(self._required_http, "POST", url, headers=headers, content=body)
        tokens = await json_of(answer)
        if not isinstance(tokens, Mapping):
            raise ProviderAway("its token endpoint answered with something else than a JSON object")
        if answer.is_error:
            if tokens.get("error") in _OUR_FAULT or answer.status_code == 401:
                raise ProviderAway(
                    f"it does not take this service's client id and secret: {str(tokens.get('error'))[:50]}"
                )
            raise CodeRefused
        return tokens

    def _lacks_something(self, claims: Mapping[str, Any]) -> bool:
        """Several providers put what is asked for by scopes only where it can be fetched."""
        wants_groups = bool(self.settings.group_rules)
        return (
            "email" not in claims
            or "name" not in claims
            or (wants_groups and claim_at(claims, self.settings.oidc_groups_claim) is None)
        )

    async def _user_info(self, access_token: str, subject: str) -> dict[str, Any]:
        """More claims of the same person (OpenID Connect Core 1.0, 5.3); raises TokenNotValid or ProviderAway."""
        url = (await self.discovery.metadata()).userinfo_endpoint
        if url is None:
            return {}
        answer = await ask(self._required_http, "GET", url, headers={"Authorization": f"Bearer {access_token}"})
        if answer.is_error or "json" not in answer.headers.get("Content-Type", ""):
            log.warning("the OpenID provider's userinfo endpoint gives no JSON: status %s", answer.status_code)
            return {}
        claims = await json_of(answer)
        if not isinstance(claims, dict) or claims.get("sub") != subject:
            raise TokenNotValid("the userinfo endpoint describes somebody else")
        return claims

    @property
    def _required_http(self) -> httpx.AsyncClient:
        assert self._http
        return self._http
