"""What can be wrong with a file as a whole. A broken row inside a table is reported, and is not one of these."""

from __future__ import annotations

EMPTY_FILE = "EMPTY_FILE"
NOT_A_TABLE = "NOT_A_TABLE"
ENCODING_UNKNOWN = "ENCODING_UNKNOWN"
FILE_UNREADABLE = "FILE_UNREADABLE"
FILE_ENCRYPTED = "FILE_ENCRYPTED"
SHEET_NOT_FOUND = "SHEET_NOT_FOUND"
RESOURCE_LIMIT = "RESOURCE_LIMIT"


class TableError(Exception):
    """A file that cannot be read as a table, now or at a later try.

    `code` is `EMPTY_FILE` (no byte, or nothing but blanks), `NOT_A_TABLE` (readable, but something else),
    `ENCODING_UNKNOWN` (text in no encoding that fits), `FILE_UNREADABLE` (broken or cut off), `FILE_ENCRYPTED` (it asks
    for a password), `SHEET_NOT_FOUND` or `RESOURCE_LIMIT` (it would unpack to more than a child may hold); `message`
    is one sentence for the user. `args` is `(code, message)`, which lets the error travel out of a child process.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
