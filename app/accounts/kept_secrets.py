"""Secrets that can be made again for a repeated request, while the installation's secret that made them counts."""

from __future__ import annotations

from typing import Any

from app.auth.secrets import new_salt, secret_from
from app.idempotency.errors import IdempotencyKeyReused
from app.kit.secrets.signing import SigningKey


def make_secret(key: SigningKey, purpose: bytes) -> tuple[str, dict[str, str]]:
    """A new secret, and what is kept of it with an Idempotency-Key: it tells nothing without the installation's own."""
    salt = new_salt()
    return secret_from(key.current, purpose, salt), {"salt": salt.hex(), "secret_id": key.id}


def make_again(key: SigningKey, purpose: bytes, kept: dict[str, Any]) -> str:
    """The secret again; raises IdempotencyKeyReused (422) when the installation's secret no longer counts."""
    secret = key.find(kept["secret_id"])
    if secret is None:
        raise IdempotencyKeyReused("The installation's secret was replaced since: use another Idempotency-Key.")
    return secret_from(secret, purpose, bytes.fromhex(kept["salt"]))
