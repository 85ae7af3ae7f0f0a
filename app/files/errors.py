"""What goes wrong with contents, as clients are told."""

from __future__ import annotations

from app.kit.errors import BadRequest, InsufficientStorage, NotFound, Problem, TooLarge, Unavailable
from app.kit.service import CannotStart


class ContentMissing(Problem):
    """A row names a content that storage does not hold."""

    status, code, title = 500, "content_missing", "Content missing"


class DiskNearlyFull(InsufficientStorage):
    code, title = "disk_nearly_full", "Disk nearly full"


class StoreNotKnown(CannotStart):
    """TRANCHE_STORAGE_URL names no kind of store that there is, or lacks a part."""


class StorageUnavailable(Unavailable):
    """The bucket does not answer, or refuses us."""

    code, title = "storage_unavailable", "Storage unavailable"


class RangeNotSatisfiable(Problem):
    status, code, title = 416, "range_not_satisfiable", "Range not satisfiable"


class FileNotFound(NotFound):
    code = "file_not_found"


class FileTooLarge(TooLarge):
    code, title = "file_too_large", "File too large"


class MultipartNotReadable(BadRequest):
    code = "invalid_multipart"


class UploadTooLarge(TooLarge):
    code, title = "upload_too_large", "Upload too large"


class TooManyFiles(TooLarge):
    code, title = "too_many_files", "Too many files"
