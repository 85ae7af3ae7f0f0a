"""Secrets that must be stored, encrypted with the installation's key: a copy of the database alone tells nothing.

The key is made for the organisation that a secret belongs to, so that it is not another's when somebody copies a row.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from app.kit.errors import Conflict
from app.kit.schemas import SEALED
from app.kit.secrets.signing import SigningKey
from app.kit.secrets.values import HIDDEN, is_secret, members

PURPOSE: Final = b"sealed values"
_SEALED_TEXT: Final = re.compile(f'"{SEALED}[A-Za-z0-9+/=:_-]*"')
Path = tuple[str, ...]


class CannotUnseal(Conflict):
    """A secret was encrypted with a key that this process does not have: it has another TRANCHE_SECRET_KEY."""

    code, title = "secret_not_readable", "Secret not readable"


class Sealer:
    """Encrypts and decrypts for this installation."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def seal(self, value: Any, owner: UUID) -> str:
        """A JSON value as a text that only this installation can read, and only for this owner."""
        sealed = self._key.current.seal(json.dumps(value).encode(), PURPOSE, owner.bytes)
        return f"{SEALED}{self._key.id}:{base64.b64encode(sealed).decode()}"

    def unseal(self, text: str, owner: UUID) -> Any:
        """What was sealed; raises CannotUnseal."""
        key_id, _, encoded = text.removeprefix(SEALED).partition(":")
        secret = self._key.find(key_id)
        if secret is None:
            raise CannotUnseal("A secret cannot be read here: it was kept under another TRANCHE_SECRET_KEY.")
        try:
            return json.loads(secret.unseal(base64.b64decode(encoded, validate=True), PURPOSE, owner.bytes))
        except ValueError:  # SealBroken is one
            raise CannotUnseal("A secret cannot be read here: it belongs to somebody else, or is damaged.") from None

    def marks_before(self) -> list[str]:
        """How texts begin that are encrypted with a secret that is being replaced."""
        return [f"{SEALED}{secret.id}:" for secret in self._key.valid() if secret.id != self._key.id]

    def is_current(self, text: str) -> bool:
        """Whether it is encrypted with the present key, and not with one that it replaced."""
        return text.startswith(f"{SEALED}{self._key.id}:")

    def seal_tree(self, value: Any, owner: UUID, typed: Collection[Path] = ()) -> Any:
        """A JSON value with its secrets encrypted: those at the paths `typed`, and those told by name or form."""

        def change(path: Path, text: Any, secret: bool) -> Any:
            if is_sealed(text) or text is None:
                return text
            return self.seal(text, owner) if secret or path in typed else text

        return _walk(value, change)

    def unseal_tree(self, value: Any, owner: UUID) -> Any:
        """The JSON value as it was before `seal_tree`; raises CannotUnseal."""
        if isinstance(value, Mapping):
            return {name: self.unseal_tree(own, owner) for name, own in value.items()}
        if isinstance(value, list):
            return [self.unseal_tree(own, owner) for own in value]
        return self.unseal(value, owner) if is_sealed(value) else value

    def unseal_text(self, text: str, owner: UUID) -> str:
        """A JSON text with what is encrypted in it as it was; raises CannotUnseal."""
        return _SEALED_TEXT.sub(lambda found: json.dumps(self.unseal(found[0][1:-1], owner), ensure_ascii=False), text)

    def renew_text(self, text: str, owner: UUID) -> str:
        """A JSON text with what is encrypted in it under the present key; raises CannotUnseal."""
        return _SEALED_TEXT.sub(lambda found: f'"{self.renew_tree(found[0][1:-1], owner)}"', text)

    def renew_tree(self, value: Any, owner: UUID) -> Any:
        """The same with everything under the present key, and with what was stored in clear before it was encrypted."""

        def change(_: Path, text: Any, secret: bool) -> Any:
            if is_sealed(text):
                return text if self.is_current(text) else self.seal(self.unseal(text, owner), owner)
            return self.seal(text, owner) if secret else text

        return _walk(value, change)


def is_sealed(value: Any) -> bool:
    """Whether a value is an encrypted secret."""
    return isinstance(value, str) and value.startswith(SEALED)


def hidden(value: Any) -> Any:
    """A JSON value as people may see it: without what is encrypted, and what is a secret by its name or form."""
    if value == {}:
        return {}
    return _walk(value, lambda _, item, secret: HIDDEN if secret or is_sealed(item) else item)


def hidden_in_text(text: str) -> str:
    """A JSON text without what is encrypted in it."""
    return _SEALED_TEXT.sub(f'"{HIDDEN}"', text)


def sealed_as(model: Any, value: Any, seal: Callable[[Any], str]) -> Any:
    """A value that was made from `model`, in its shape, with encrypted again what is encrypted there."""
    if is_sealed(model):
        return seal(value)
    if isinstance(model, Mapping) and isinstance(value, Mapping):
        if len(model) != len(value):  # two names have become one: nobody can tell which is which
            return seal(value) if any(True for _ in sealed_in(model)) else value
        pairs = zip(model.values(), value.items(), strict=True)
        return {name: sealed_as(own, item, seal) for own, (name, item) in pairs}
    if isinstance(model, list) and isinstance(value, list) and len(model) == len(value):
        return [sealed_as(own, item, seal) for own, item in zip(model, value, strict=True)]
    return value


def sealed_in(value: Any) -> Iterator[str]:
    """The encrypted secrets in a JSON value."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from sealed_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from sealed_in(item)
    elif is_sealed(value):
        yield value


def _walk(value: Any, change: Callable[[Path, Any, bool], Any]) -> Any:
    """The value with all that is neither object nor list replaced; `change` gets its path and whether it is secret.

    What is in a list has the list's own path.
    """

    def go(item: Any, path: Path, secret: bool) -> Any:
        if isinstance(item, Mapping):
            return {name: go(own, (*path, name), inner) for name, own, inner in members(item, inside=secret)}
        if isinstance(item, list):
            return [go(own, path, is_secret(None, own, inside=secret)) for own in item]
        return change(path, item, secret)

    return go(value, (), is_secret(None, value))
