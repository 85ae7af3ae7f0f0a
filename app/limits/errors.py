"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import InsufficientStorage, NotFound, TooManyRequests


class QuotaExceeded(TooManyRequests):
    """Your organisation has as much of something as it may have: `quota` names it, `limit` and `used` are numbers. An
    operator of the installation can raise the limit. Where time helps, `Retry-After` says how much."""

    code, title = "quota_exceeded", "Quota exceeded"


class StorageQuotaExceeded(InsufficientStorage):
    """Your organisation stores as much as it may. Nothing was stored; `limit` and `used` are in bytes. Batches that are
    deleted make room, and an operator of the installation can raise the limit."""

    code, title = "storage_quota_exceeded", "Storage quota exceeded"


class OrganisationNotFound(NotFound):
    """There is no such organisation in this installation."""

    code = "organisation_not_found"
