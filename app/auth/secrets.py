"""Secrets that prove who calls: made with `secrets`, kept as SHA-256, so that no look-up compares the secret itself."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "trn_"
MIN_LENGTH = 16
"""A key chosen by an operator must be at least this long."""


def new_secret() -> str:
    """256 bits from the system's generator, URL-safe, recognisable by scanners for leaked keys through its prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """What is stored and looked up. A plain hash is right here: the secrets are random, not chosen by people."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
