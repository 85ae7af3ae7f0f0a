"""What people are told of an error that nobody expected: nothing of what it says, and where its details are.

An exception's text may hold statements, parameters, paths, hosts and numbers of processes.
"""

from __future__ import annotations

import hashlib
import logging
import traceback


def fingerprint(error: BaseException) -> str:
    """The same for the same error from the same lines of code: 8 hex digits."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return hashlib.sha256("\n".join([type(error).__qualname__, *frames]).encode()).hexdigest()[:8]


def tell_unexpected(what: str, error: BaseException, log: logging.Logger) -> str:
    """Log the error under its fingerprint; returns a sentence for people that begins with `what`."""
    number = fingerprint(error)
    log.error("%s: error %s", what, number, exc_info=error)
    return f"{what} ({type(error).__name__}). The service's log has the details as error {number}."
