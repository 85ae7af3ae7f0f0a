"""What errors of a disk or a bucket say of the file store as a whole, and what people are told then."""

from __future__ import annotations

import errno
from typing import Final

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from app.files.errors import DiskNearlyFull, StorageFailed, StorageUnavailable
from app.kit.availability import Availability, Trouble
from app.kit.outage import Outage

SENTENCES: Final[dict[Trouble, str]] = {
    "away": "The file store does not answer.",
    "full": "The disk of the file store is full.",
    "read_only": "The file store takes no writes.",
    "refused": "The file store refuses the service's credentials.",
    "failing": "The disk of the file store reports errors.",
}
_DISK: Final[dict[int, Trouble]] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "full"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "refused"),
    errno.EROFS: "read_only",
    # What a share says whose server is away, or that is not mounted.
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO), "away"),
    **dict.fromkeys((errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ECONNREFUSED), "away"),
}
"""Anything else is a disk that fails, such as EIO."""


def trouble_of(error: OSError | BaseError) -> Trouble:
    """What an error says that is not about one content."""
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return "refused"
    if isinstance(error, OSError):
        return _DISK.get(error.errno or 0, "failing")
    return "away"


def problem_of(trouble: Trouble, availability: Availability, detail: str | None = None) -> Outage:
    """What a client is told, and what a job waits for."""
    match trouble:
        case "full":
            problem: Outage = DiskNearlyFull(detail or "There is no room on the disk. Nothing was stored.")
        case "failing":
            problem = StorageFailed("The disk of the file store reports errors. Nothing was stored.")
        case _:
            problem = StorageUnavailable("The file store does not answer.")
    return problem.because_of(availability)


def first_line(error: BaseException) -> str:
    """What an error says, without what is for obstore's own developers."""
    return (str(error) or type(error).__name__).partition("\n")[0]
