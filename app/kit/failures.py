"""Why a piece of work failed, as the record of a job has it."""

from __future__ import annotations


class Failure(Exception):
    """`code` is stable and in capitals, `message` one sentence for people.

    `retry_after` is in seconds, if the other side named a time. `args` are what it is made of, so that it travels out
    of a child process.
    """

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message, retry_after)
        self.code, self.message, self.retry_after = code, message, retry_after

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
