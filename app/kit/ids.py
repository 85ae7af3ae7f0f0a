"""Identifiers: UUIDv7 (RFC 9562), so that new rows land at the end of an index and ids sort by time."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid7()
