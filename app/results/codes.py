"""Result codes: 12 characters that open one result. The database has their SHA-256 only.

A code is made from the id of its link and a secret of the installation that `secrets` made once, so that its owner can
be shown it again although it is nowhere stored. Nobody without the secret can tell one from 60 random bits.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final
from uuid import UUID

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 signs: without I, L and O, which are read as 1 and 0, and without U."""
LENGTH: Final = 12
BITS: Final = 60
_READ_AS: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_PURPOSE: Final = b"tranche result code 1\0"


class CodeMaker:
    """Makes the code of a link. Two machines of one installation show each other's codes if they share the secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def code_of(self, link_id: UUID) -> str:
        digest = hmac.digest(self._secret, _PURPOSE + link_id.bytes, hashlib.sha256)
        number = int.from_bytes(digest) >> (8 * len(digest) - BITS)
        return "".join(ALPHABET[number >> shift & 31] for shift in range(BITS - 5, -5, -5))


def read_code(typed: str) -> str:
    """A code as people type it (`k7q2-m9xd-4tba`), as it was given out. Anything else stays something else."""
    return typed[:64].upper().translate(_READ_AS)


def code_hash(code: str) -> bytes:
    """What is stored and looked up."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()


def load_secret(path: Path, wanted: str | None) -> bytes:
    """The installation's secret: the one that is set, else the one in the file, which is made when it is missing."""
    if wanted:
        return hashlib.sha256(wanted.encode()).digest()
    if not path.exists():
        with NamedTemporaryFile(dir=path.parent, prefix=".result-", mode="w") as fresh:  # mode 0600
            fresh.write(secrets.token_hex(32) + "\n")
            fresh.flush()
            os.fsync(fresh.fileno())
            with suppress(FileExistsError):  # another process was faster
                os.link(fresh.name, path)
    return bytes.fromhex(path.read_text().strip())
