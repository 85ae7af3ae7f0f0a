"""A sign-in that was begun: what the browser must bring back with the provider's answer, in a cookie that we can read.

Nothing is stored for whoever only begins, and what is in the cookie tells the browser nothing. That an answer counts
once is kept in the database.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import asdict, dataclass
from hmac import compare_digest
from typing import Final

from fastapi import Request, Response

from app.kit.secrets.signing import SealBroken, SigningKey
from app.kit.web.public_address import forget_own_cookie, own_cookie, set_own_cookie

COOKIE: Final = "tranche_oidc"
LIFE_SECONDS: Final = 600
_PURPOSE: Final = b"openid attempt"
_LONGEST_PATH: Final = 500


@dataclass(frozen=True, slots=True)
class Attempt:
    """`state` finds the answer's request again, `nonce` its ID token, `verifier` proves who asked (RFC 7636).

    `path` is where the browser goes afterwards, `until` in seconds since 1970.
    """

    state: str
    nonce: str
    verifier: str
    path: str
    until: int


def new_attempt(path: str) -> Attempt:
    """Each of the three has 256 random bits."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state, nonce, verifier, own_path(path), int(time.time()) + LIFE_SECONDS)


def own_path(path: str) -> str:
    """The path, where it is one of this service's; browsers read `//host` and `/\\host` as another one's address."""
    plain = path.startswith("/") and path[1:2] not in ("/", "\\") and len(path) <= _LONGEST_PATH
    return path if plain and path.isascii() and path.isprintable() and "\\" not in path else "/"


def remember(request: Request, response: Response, key: SigningKey, attempt: Attempt) -> None:
    """Give the browser the attempt. `Lax`, as the provider's page leads back here from another site."""
    sealed = key.current.seal(json.dumps(asdict(attempt)).encode(), _PURPOSE)
    value = f"{key.id}.{base64.urlsafe_b64encode(sealed).decode()}"
    set_own_cookie(request, response, COOKIE, value, LIFE_SECONDS)


def forget(request: Request, response: Response) -> None:
    forget_own_cookie(request, response, COOKIE)


def find(request: Request, key: SigningKey, state: str) -> Attempt | None:
    """The attempt that this browser began with this state, while it has time."""
    secret_id, _, sealed = (own_cookie(request, COOKIE) or "").partition(".")
    secret = key.find(secret_id)
    if secret is None:
        return None
    try:
        attempt = Attempt(**json.loads(secret.unseal(base64.urlsafe_b64decode(sealed), _PURPOSE)))
    except (SealBroken, ValueError, TypeError):
        return None
    same = compare_digest(attempt.state.encode(), state.encode("utf-8", "surrogatepass"))
    return attempt if same and attempt.until > time.time() else None
