"""Secrets among the parameters of batches, such as a platform's token: kept, used, and never shown again."""

from __future__ import annotations

from typing import Any, Final

SECRET_NAMES: Final = frozenset({"token", "secret", "password", "api_key"})
HIDDEN: Final = "***"


def without_secrets(value: Any) -> Any:
    """Settings as they may be shown: everything but the values of SECRET_NAMES."""
    if isinstance(value, dict):
        hidden = {name: HIDDEN for name in SECRET_NAMES & value.keys() if value[name] is not None}
        return {name: without_secrets(member) for name, member in value.items()} | hidden
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def with_secrets_of(known: Any, value: Any) -> Any:
    """Settings that come back as they were shown: what is still hidden is what was `known` in its place."""
    if isinstance(value, dict) and isinstance(known, dict):
        return {
            name: known.get(name, member)
            if name in SECRET_NAMES and member == HIDDEN
            else with_secrets_of(known.get(name), member)
            for name, member in value.items()
        }
    if isinstance(value, list) and isinstance(known, list) and len(value) == len(known):
        return [with_secrets_of(old, new) for old, new in zip(known, value, strict=True)]
    return value
