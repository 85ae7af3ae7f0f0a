"""The secrets that sign webhooks. None is stored: each is made anew from the installation's key and a random salt.

A copy of the database therefore signs nothing, and a secret can still be used by the sender. The key is
TRANCHE_SECRET_KEY, or a file that the first start writes into the data folder.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import SecretStr

FILE: Final = "secret.key"
MIN_LENGTH: Final = 16
SALT_BYTES: Final = 32
PREFIX: Final = "whsec_"


class SecretKeyTooShort(ValueError):
    """TRANCHE_SECRET_KEY, or what is in the key's file, has fewer than 16 characters."""


class SigningKey:
    """The installation's key. `id` names it without telling it: rows carry it, so that a changed key is noticed."""

    def __init__(self, home: Path, wanted: SecretStr | None) -> None:
        self._path, self._wanted = home / FILE, wanted
        self._key = b""
        self.id = ""

    async def start(self) -> None:
        text = self._wanted.get_secret_value() if self._wanted else await asyncio.to_thread(self._read_or_make)
        if len(text) < MIN_LENGTH:
            raise SecretKeyTooShort(f"TRANCHE_SECRET_KEY must have {MIN_LENGTH} characters or more")
        self._key = text.encode()
        self.id = self._derive(b"id").hex()[:16]

    async def stop(self) -> None:
        """Nothing is held."""

    def webhook_secret(self, endpoint_id: UUID, salt: bytes) -> str:
        """The secret of an endpoint, in the form of the Standard Webhooks specification: 256 bits."""
        return PREFIX + base64.b64encode(self._derive(b"webhook", endpoint_id.bytes, salt)).decode()

    def _derive(self, *parts: bytes) -> bytes:
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
