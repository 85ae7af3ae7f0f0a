"""Settings that come back as they were shown, with secrets hidden: what is still hidden is what was there before.

Who may not see a secret must not get it by having it sent to a place of their own, so it is kept only while everything
that says where it goes stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.kit.declarations import raises
from app.kit.errors import Unprocessable
from app.kit.secrets.sealing import hidden, is_sealed, sealed_in
from app.kit.secrets.values import HIDDEN

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://([^/?#\s]{0,500})")
_PLACES: Final = ("url", "uri", "host", "hostname", "server", "endpoint", "domain", "proxy", "origin", "address")


class SecretWanted(Unprocessable):
    """A hidden secret stays only where it was: give it anew when the address that it is sent to changes."""

    code, title = "secret_wanted", "Give the secret anew"


def with_secrets_of(known: Any, value: Any) -> Any:
    """The value with what is still hidden in it taken from its place in `known`."""
    if value == HIDDEN and not isinstance(known, Mapping | list) and known is not None:
        return known
    if isinstance(value, Mapping) and isinstance(known, Mapping):
        return {name: with_secrets_of(known.get(name), item) for name, item in value.items()}
    if isinstance(value, list) and isinstance(known, list):
        shown = [hidden(old) for old in known]
        return [
            with_secrets_of(known[_place_of(new, at, shown)], new) if shown else new for at, new in enumerate(value)
        ]
    return value


def _place_of(item: Any, at: int, shown: list[Any]) -> int:
    """Where the item of a list was before: where the same is shown, else where it stands."""
    if at < len(shown) and shown[at] == item:
        return at
    return shown.index(item) if item in shown else min(at, len(shown) - 1)


@raises(SecretWanted)
def check_secrets_stay(known: Any, value: Any) -> None:
    """Raise SecretWanted (422) when a secret of `known` is kept in a value that could send it elsewhere, or when one is
    left hidden where there was none."""
    if any(text == HIDDEN for _, text in _texts(value)) and any(True for _ in sealed_in(known)):
        raise SecretWanted(f"{HIDDEN} stands for a secret that is not known there: give the secret itself.")
    kept = set(sealed_in(value)) & set(sealed_in(known))
    if kept and (added := _destinations(value) - _destinations(known)):
        shown = sorted(place for place in added if not is_sealed(place))
        where = f" ({shown[0][:100]})" if shown else ""
        raise SecretWanted(f"A hidden secret is not sent to a new address{where}: give the secret as well.")


def _destinations(value: Any) -> set[str]:
    """What says where requests go. Where an address is put together from other values these are all that count."""
    texts = list(_texts(value))
    found = {text for name, text in texts if name.lower().endswith(_PLACES)}
    authorities = {authority for _, text in texts for authority in _ADDRESS.findall(text)}
    filled = any("{{" in authority for authority in authorities) or any("{{" in text for text in found)
    return authorities | found | ({text for _, text in texts} if filled else set())


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the name of the member that it is in."""
    if isinstance(value, Mapping):
        for own, item in value.items():
            yield from _texts(item, own)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, name)
    elif isinstance(value, str):
        yield name, value
