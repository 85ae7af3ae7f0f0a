"""Secrets that prove who calls: made with `secrets`, kept as SHA-256, so that no look-up compares the secret itself."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

from app.kit.secrets.signing import InstallationSecret

PREFIX = "trn_"
MIN_LENGTH = 16
"""A key chosen by an operator must be at least this long."""
SALT_BYTES: Final = 32


def new_secret() -> str:
    """256 bits from the system's generator, URL-safe, recognisable by scanners for leaked keys through its prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def new_salt() -> bytes:
    """What a secret can be made from, see `secret_from`."""
    return secrets.token_bytes(SALT_BYTES)


def secret_from(secret: InstallationSecret, purpose: bytes, salt: bytes) -> str:
    """A secret like those of `new_secret`, which can be made again while its salt is kept.

    The salt alone, as a copy of the database has it, tells nothing; nor does the installation's secret alone.
    """
    return PREFIX + base64.urlsafe_b64encode(secret.derive(purpose, salt)).decode().rstrip("=")


def secret_hash(secret: str) -> bytes:
    """What is stored and looked up. A plain hash is right here: the secrets are random, not chosen by people."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
