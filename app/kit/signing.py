"""The installation's key, which secrets that must not be stored are made from, each time that they are needed.

It is TRANCHE_SECRET_KEY, or a file that the first start writes into the data folder. A copy of the database without it
is worth nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from app.kit.service import CannotStart

FILE: Final = "secret.key"
MIN_LENGTH: Final = 16


class SecretKeyTooShort(CannotStart):
    """TRANCHE_SECRET_KEY, or what is in the key's file, has fewer than 16 characters."""


class SigningKey:
    """The installation's key. `id` names it without telling it: rows carry it, so that a changed key is noticed."""

    def __init__(self, home: Path, wanted: SecretStr | None) -> None:
        self._path = home / FILE
        self._wanted = _checked(wanted.get_secret_value()) if wanted else None
        self._key = b""
        self.id = ""

    async def start(self) -> None:
        text = self._wanted or _checked(await asyncio.to_thread(self._read_or_make))
        self._key = text.encode()
        self.id = self.derive(b"id").hex()[:16]

    async def stop(self) -> None:
        """Nothing is held."""

    def derive(self, *parts: bytes) -> bytes:
        """256 bits for one purpose, which the first part names: the same each time, and nobody's without the key."""
        return hmac.digest(self._key, b"\x00".join(parts), hashlib.sha256)

    def _read_or_make(self) -> str:
        """The key in the file. Of processes that start at once one makes it: a link never replaces a file."""
        if not self._path.exists():
            handle, draft = tempfile.mkstemp(dir=self._path.parent)  # which nobody else may read
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, self._path)
            os.unlink(draft)
        return self._path.read_text("utf-8").strip()


def _checked(text: str) -> str:
    if len(text) < MIN_LENGTH:
        raise SecretKeyTooShort(f"TRANCHE_SECRET_KEY must have {MIN_LENGTH} characters or more.")
    return text
