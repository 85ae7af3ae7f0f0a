"""The installation's secret, which secrets that must not be stored are made from, each time that they are needed.

It is TRANCHE_SECRET_KEY, or the first line of a file that the first start writes into the data folder. A copy of the
database without it is worth nothing. While it is being replaced the one before goes on counting: it is
TRANCHE_SECRET_KEY_PREVIOUS, or a further line of the file with the time at which it ends.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from app.kit.service import CannotStart

FILE: Final = "secret.key"
MIN_LENGTH: Final = 16
_NO_HARD_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems without them say; there a second process that makes the file at the same moment would win."""
NONCE_BYTES: Final = 12
"""NIST SP 800-38D: random nonces of 96 bits are safe for 2^32 messages under one key."""


class SecretKeyTooShort(CannotStart):
    """TRANCHE_SECRET_KEY, the one before it, or a line of the key's file has fewer than 16 characters."""


class SecretFileNotReadable(CannotStart):
    """A line of the key's file after the first one does not end with a time."""


class SealBroken(ValueError):
    """What was sealed cannot be opened: with another secret, for another purpose, or it was changed."""


@dataclass(frozen=True, slots=True, repr=False)
class InstallationSecret:
    """One secret of the installation. `until`: when it ends; None for the current one, or while its setting stands."""

    text: str
    until: datetime | None = None

    @property
    def id(self) -> str:
        """Names the secret without telling it: rows carry it, so that a change is noticed."""
        return self.derive(b"id").hex()[:16]

    @property
    def counts(self) -> bool:
        return self.until is None or self.until > datetime.now(UTC)

    def derive(self, *parts: bytes) -> bytes:
        """256 bits for one purpose, which the first part names: the same each time, and nobody's without the secret."""
        return hmac.digest(self.text.encode(), b"\x00".join(parts), hashlib.sha256)

    def seal(self, content: bytes, *purpose: bytes) -> bytes:
        """Encrypted for one purpose, see `unseal`: nonce, then AES-256-GCM with a key derived for that purpose."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.derive(b"seal", *purpose)).encrypt(nonce, content, None)

    def unseal(self, sealed: bytes, *purpose: bytes) -> bytes:
        """What was sealed for this purpose; raises SealBroken."""
        try:
            cipher = AESGCM(self.derive(b"seal", *purpose))
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            raise SealBroken("It was sealed with another secret, for another purpose, or changed.") from None


class SigningKey:
    """The installation's secrets: the current one, by which everything is made, and those that count beside it."""

    def __init__(self, home: Path, wanted: SecretStr | None, previous: SecretStr | None = None) -> None:
        self._path = home / FILE
        self._wanted = _checked(wanted.get_secret_value()) if wanted else None
        self._previous = _checked(previous.get_secret_value()) if previous else None
        self._secrets: list[InstallationSecret] = []

    async def start(self) -> None:
        if self._wanted:
            found = [InstallationSecret(self._wanted)]
        else:
            found = await asyncio.to_thread(_read_or_make, self._path)
        self._secrets = found + ([InstallationSecret(self._previous)] if self._previous else [])

    async def stop(self) -> None:
        """Nothing is held."""

    @property
    def current(self) -> InstallationSecret:
        return self._secrets[0]

    @property
    def id(self) -> str:
        """The id of the current secret."""
        return self.current.id

    def valid(self) -> Sequence[InstallationSecret]:
        """Those that count now, the current one first."""
        return [secret for secret in self._secrets if secret.counts]

    def find(self, secret_id: str) -> InstallationSecret | None:
        """The one of this id, if it counts."""
        return next((secret for secret in self.valid() if secret.id == secret_id), None)

    def derive(self, *parts: bytes) -> bytes:
        """256 bits for one purpose, of the current secret."""
        return self.current.derive(*parts)


def rotate(home: Path, overlap: timedelta) -> datetime:
    """Put a new secret before the others of the data folder's file; returns when the one that was current ends.

    Without an overlap nothing of before counts any more. Processes read the file when they start: one that has not been
    started again goes on with the secret that it knows, and does not yet accept what is made with the new one.
    """
    path = home / FILE
    until = datetime.now(UTC).replace(microsecond=0) + overlap
    known = [secret for secret in _read_or_make(path) if secret.counts]
    kept = [InstallationSecret(known[0].text, until), *known[1:]] if overlap else []
    owner = path.stat()
    with _draft(path.parent, _lines([InstallationSecret(_new()), *kept])) as draft:
        if os.geteuid() == 0:
            os.chown(draft, owner.st_uid, owner.st_gid)  # the service may be another user's than the operator
        os.replace(draft, path)
    return until


def _read_or_make(path: Path) -> list[InstallationSecret]:
    """The secrets in the file. Of processes that start at once one makes it: a link never replaces a file."""
    if not path.exists():
        with _draft(path.parent, _lines([InstallationSecret(_new())])) as draft, suppress(FileExistsError):
            try:
                os.link(draft, path)
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS:
                    raise
                os.replace(draft, path)
    first, *others = path.read_text("utf-8").splitlines() or [""]
    return [InstallationSecret(_checked(first.strip())), *(_read(line) for line in others if line.strip())]


def _read(line: str) -> InstallationSecret:
    """A further line: a secret, a blank, and its end in ISO 8601."""
    text, _, end = line.strip().rpartition(" ")
    try:
        until = datetime.fromisoformat(end)
    except ValueError:
        raise SecretFileNotReadable(f"Each line of {FILE} after the first is a secret and the time it ends.") from None
    return InstallationSecret(_checked(text.strip()), until if until.tzinfo else until.replace(tzinfo=UTC))


def _lines(found: Iterable[InstallationSecret]) -> str:
    return "".join(
        f"{secret.text} {secret.until.isoformat() if secret.until else ''}".rstrip() + "\n" for secret in found
    )


@contextmanager
def _draft(folder: Path, text: str) -> Iterator[str]:
    """A file with this text that nobody else may read, on disk; it is gone afterwards unless it was moved."""
    handle, draft = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


def _new() -> str:
    return secrets.token_urlsafe(32)


def _checked(text: str) -> str:
    if len(text) < MIN_LENGTH:
        raise SecretKeyTooShort(f"TRANCHE_SECRET_KEY must have {MIN_LENGTH} characters or more.")
    return text
