"""Result codes: 12 characters that open one result. The database has their SHA-256 only.

A code is made from the id of its link and the installation's secret, which comes from `secrets`, so that its owner can
be shown it again although it is nowhere stored. Nobody without the secret can tell one from 60 random bits.
"""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

from app.kit.secrets.signing import InstallationSecret

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 signs: without I, L and O, which are read as 1 and 0, and without U."""
LENGTH: Final = 12
BITS: Final = 60
_READ_AS: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_PURPOSE: Final = b"result code"


def make_code(secret: InstallationSecret, link_id: UUID) -> str:
    """The code of a link."""
    digest = secret.derive(_PURPOSE, link_id.bytes)
    number = int.from_bytes(digest) >> (8 * len(digest) - BITS)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(BITS - 5, -5, -5))


def read_code(typed: str) -> str:
    """A code as people type it (`k7q2-m9xd-4tba`), as it was given out. Anything else stays something else."""
    return typed[:64].upper().translate(_READ_AS)


def code_hash(code: str) -> bytes:
    """What is stored and looked up."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
