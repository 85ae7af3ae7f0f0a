"""What can be wrong with a file as a whole. A broken row inside a table is reported, and is not one of these."""

from __future__ import annotations

from app.kit.failures import Failure

EMPTY_FILE = "EMPTY_FILE"
NOT_A_TABLE = "NOT_A_TABLE"
ENCODING_UNKNOWN = "ENCODING_UNKNOWN"
FILE_UNREADABLE = "FILE_UNREADABLE"
FILE_ENCRYPTED = "FILE_ENCRYPTED"
SHEET_NOT_FOUND = "SHEET_NOT_FOUND"
RESOURCE_LIMIT = "RESOURCE_LIMIT"


class TableError(Failure):
    """A file that cannot be read as a table, now or at a later try.

    `code` is `EMPTY_FILE` (no byte, or nothing but blanks), `NOT_A_TABLE` (readable, but something else),
    `ENCODING_UNKNOWN` (text in no encoding that fits), `FILE_UNREADABLE` (broken or cut off), `FILE_ENCRYPTED` (it asks
    for a password), `SHEET_NOT_FOUND` or `RESOURCE_LIMIT` (it would unpack to more than a child may hold).
    """
