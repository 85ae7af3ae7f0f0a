"""Values that must be found nowhere but where they are used: each is random, so that it stands nowhere by chance."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping


class Sentinels:
    """Secrets by what they are. `found_in` says which of them a text has."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def new(self, name: str) -> str:
        """A fresh secret of this name."""
        return self.add(name, f"Sn{secrets.token_hex(12)}")

    def add(self, name: str, value: str) -> str:
        """A secret that the service made."""
        self._values[name] = value
        return value

    def found_in(self, texts: Mapping[str, bytes]) -> Iterable[str]:
        """`place: name` of each secret in each text."""
        for place, content in texts.items():
            for name, value in self._values.items():
                if value.encode() in content:
                    yield f"{place}: {name}"
