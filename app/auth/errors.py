"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from typing import ClassVar

from app.kit.errors import Problem


class NotSignedIn(Problem):
    """The request carries neither a key nor the cookie of a session that has not ended."""

    status, code, title, sends = 401, "not_signed_in", "Not signed in", ("WWW-Authenticate",)


class KeyNotValid(Problem):
    """The key is unknown, expired or revoked."""

    status, code, title, sends = 401, "invalid_key", "Key not valid", ("WWW-Authenticate",)


class CrossSiteRequest(Problem):
    """A browser sent its cookie with a change that a page of another site asked for."""

    status, code, title = 403, "cross_site_request", "Cross-site request refused"
    only_changes = True


class PermissionMissing(Problem):
    """The caller's role, or the scopes of its key, do not have the permission that this needs: see `permission`."""

    status, code, title = 403, "permission_missing", "Permission missing"
    permission: ClassVar[str | None] = None

    def __init__(self, permission: str | None = None, detail: str | None = None) -> None:
        needed = permission or self.permission
        detail = detail or f"This needs the permission '{needed}', which your role or your key does not have."
        super().__init__(detail, permission=needed)


class AdminOnly(PermissionMissing):
    """Only an administrator of the organisation may do this, with a key that is not narrowed to less."""

    code, title, permission = "admin_only", "Administrators only", "admin"
