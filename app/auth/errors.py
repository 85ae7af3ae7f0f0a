"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

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


class AdminOnly(Problem):
    """Only an administrator of the organisation may do this."""

    status, code, title = 403, "admin_only", "Administrators only"
