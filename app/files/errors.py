"""What goes wrong with contents, as clients are told."""

from __future__ import annotations

from app.kit.errors import BadRequest, InsufficientStorage, NotFound, Problem, TooLarge, Unavailable
from app.kit.outage import Outage
from app.kit.service import CannotStart


class ContentMissing(Problem):
    """The content of a file is missing on our side. It has been logged."""

    status, code, title = 500, "content_missing", "Content missing"


class DiskNearlyFull(InsufficientStorage):
    """The disk that takes uploads is nearly full. Nothing was stored."""

    code, title = "disk_nearly_full", "Disk nearly full"


class StoreNotKnown(CannotStart):
    """TRANCHE_STORAGE_URL names no kind of store that there is, or lacks a part."""


class StorageUnavailable(Outage, Unavailable):
    """The store of contents does not answer, or refuses us. Try again after `Retry-After` seconds."""

    code, title = "storage_unavailable", "Storage unavailable"


class StorageFailed(Outage, Unavailable):
    """The disk of the contents reports errors; nothing was stored. Try again after `Retry-After` seconds."""

    code, title, lasting = "storage_failed", "Storage failed", False


class RangeNotSatisfiable(Problem):
    """The file ends before the range begins; `Content-Range` says how many bytes it has."""

    status, code, title, sends = 416, "range_not_satisfiable", "Range not satisfiable", ("Content-Range",)


class FileNotFound(NotFound):
    """There is no such file in your organisation."""

    code = "file_not_found"


class FileTooLarge(TooLarge):
    """One file is larger than this installation takes. Nothing was stored."""

    code, title = "file_too_large", "File too large"


class MultipartNotReadable(BadRequest):
    """The body is not well-formed multipart/form-data, or was cut off. Nothing was stored."""

    code = "invalid_multipart"


class UploadTooLarge(TooLarge):
    """The body, or a text field in it, is larger than this installation takes. Nothing was stored."""

    code, title = "upload_too_large", "Upload too large"


class TooManyFiles(TooLarge):
    """One request carries more files than this installation takes. Nothing was stored."""

    code, title = "too_many_files", "Too many files"
