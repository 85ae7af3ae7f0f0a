"""What is asked of the provider, as OAuth 2.0 writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import quote

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from app.accounts.openid.discovery import Metadata

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
Request: TypeAlias = tuple[str, dict[str, str], str]
"""Its URL, headers and body."""


def grant_uri(endpoint: str, client_id: str, verifier: str, asked: Mapping[str, str]) -> str:
    """Where a browser signs in, for a code that only who has the verifier can redeem (RFC 7636)."""
    challenge = create_s256_code_challenge(verifier)
    return str(
        prepare_grant_uri(endpoint, client_id, "code", code_challenge=challenge, code_challenge_method="S256", **asked)
    )


def token_request(metadata: Metadata, client_id: str, secret: str | None, given: Mapping[str, str]) -> Request:
    """The request that redeems a code."""
    body = prepare_token_request("authorization_code", **given)
    known = metadata.token_endpoint_auth_methods
    method = "none"
    if secret is not None:  # RFC 8414, 2: what is not said is `client_secret_basic`
        method = "client_secret_basic" if "client_secret_basic" in known or not known else "client_secret_post"
    given_secret = secret or ""
    if method == "client_secret_basic":  # RFC 6749, 2.3.1
        client_id, given_secret = quote(client_id, safe=""), quote(given_secret, safe="")
    url, headers, body = ClientAuth(client_id, given_secret, method).prepare(
        "POST", metadata.token_endpoint, dict(_FORM), body
    )
    return url, headers, body
