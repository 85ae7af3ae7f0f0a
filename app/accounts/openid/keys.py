"""The keys that the provider signs with, as it publishes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from app.accounts.openid.refusals import ProviderAway


def read_keys(document: Any) -> KeySet:
    """The public keys that signatures are made with; those that cannot be read are left out (RFC 7517, 5)."""
    keys: list[Key] = []
    for entry in document.get("keys", []) if isinstance(document, Mapping) else []:
        if isinstance(entry, dict) and entry.get("kty") != "oct" and entry.get("use", "sig") == "sig":
            try:
                keys.append(JWKRegistry.import_key(entry))
            except (JoseError, ValueError, TypeError):
                continue
    if not keys:
        raise ProviderAway("it publishes no key that signatures can be checked with")
    return KeySet(keys)
