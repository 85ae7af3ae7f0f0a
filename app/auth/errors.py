"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Problem


class NotSignedIn(Problem):
    status, code, title = 401, "not_signed_in", "Not signed in"


class KeyNotValid(Problem):
    status, code, title = 401, "invalid_key", "Key not valid"


class CrossSiteRequest(Problem):
    status, code, title = 403, "cross_site_request", "Cross-site request refused"


class AdminOnly(Problem):
    status, code, title = 403, "admin_only", "Administrators only"
