"""What the provider signed: ID tokens, and the tokens by which it ends sessions. All of it must be right to count."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.accounts.openid.claims import is_text
from app.accounts.openid.client import LEEWAY, Client
from app.accounts.openid.discovery import Discovery, Metadata
from app.accounts.openid.refusals import TokenNotValid

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_SECONDS: Final = 120
"""So long after it was made a logout token is taken (OpenID Connect Back-Channel Logout 1.0, 4)."""
LONGEST_SUBJECT: Final = 255
"""OpenID Connect Core 1.0, 2."""


class _Registry(jws.JWSRegistry):
    """Headers may carry certificates, which are not looked at, and Entra's claims are many."""

    max_header_length = 16_384


async def read_id_token(
    discovery: Discovery, client: Client, token: str, *, nonce: str, access_token: str | None
) -> dict[str, Any]:
    """The claims of an ID token that answers the request with this nonce; raises TokenNotValid or ProviderAway."""
    metadata = await discovery.metadata()
    signed = await _verified(discovery, metadata, token)
    options = {"iss": {"essential": True, "value": metadata.issuer}, "aud": {"essential": True, "value": client.id}}
    params = {"nonce": nonce, "client_id": client.id, "access_token": access_token}
    try:
        CodeIDToken(signed.claims, signed.header, options, params).validate(leeway=LEEWAY)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenNotValid(f"the ID token is refused: {_reason(error)}") from None
    _check_subject(signed.claims)
    if client.acr and signed.claims.get("acr") not in client.acr:
        raise TokenNotValid("the sign-in at the provider was not as strong as TRANCHE_OIDC_ACR asks for")
    return signed.claims


async def read_logout_token(discovery: Discovery, client: Client, token: str) -> dict[str, Any]:
    """The claims of a logout token (Back-Channel Logout 1.0, 2.6); raises TokenNotValid or ProviderAway."""
    metadata = await discovery.metadata()
    signed = await _verified(discovery, metadata, token)
    claims, now = signed.claims, int(time.time())
    registry = jwt.JWTClaimsRegistry(
        now,
        LEEWAY,
        iss={"essential": True, "value": metadata.issuer},
        aud={"essential": True, "value": client.id},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise TokenNotValid(f"the logout token is refused: {_reason(error)}") from None
    events = claims.get("events")
    if str(signed.header.get("typ", "")).lower().removeprefix("application/") != "logout+jwt":
        raise TokenNotValid("the logout token is not of the type logout+jwt")
    if not isinstance(events, Mapping) or not isinstance(events.get(LOGOUT_EVENT), Mapping) or "nonce" in claims:
        raise TokenNotValid("the token is no logout token")
    if claims["iat"] < now - LOGOUT_SECONDS - LEEWAY:
        raise TokenNotValid("the logout token is too old")
    if "sub" in claims:
        _check_subject(claims)
    elif not isinstance(claims.get("sid"), str):
        raise TokenNotValid("the logout token names nobody")
    return claims


async def _verified(discovery: Discovery, metadata: Metadata, token: str) -> jwt.Token:
    """The token, signed by a key of the provider with an algorithm that it said it uses."""
    try:
        header = jws.extract_compact(token.encode("ascii", "replace"), registry=_registry(metadata)).headers()
        keys: KeySet = await discovery.keys(header.get("kid"))
        return jwt.decode(token, keys, registry=_registry(metadata))
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenNotValid(f"the token's signature is refused: {_reason(error)}") from None


def _registry(metadata: Metadata) -> _Registry:
    return _Registry(algorithms=list(metadata.algorithms), strict_check_header=False)


def _check_subject(claims: Mapping[str, Any]) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= LONGEST_SUBJECT or not is_text(subject):
        raise TokenNotValid("the token names nobody: its sub is no text of 1 to 255 characters")


def _reason(error: Exception) -> str:
    """Which check failed, and on which claim: what the token says itself could be anything."""
    claim = getattr(error, "claim", None)
    return f"{type(error).__name__}{f' of {claim}' if isinstance(claim, str) else ''}"
