"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from typing import ClassVar

from app.kit.errors import Problem, TooManyRequests, Unprocessable


class NotSignedIn(Problem):
    """The request carries neither a key nor the cookie of a session that has not ended."""

    status, code, title, sends = 401, "not_signed_in", "Not signed in", ("WWW-Authenticate",)


class KeyNotValid(Problem):
    """The key is unknown, expired or revoked."""

    status, code, title, sends = 401, "invalid_key", "Key not valid", ("WWW-Authenticate",)


class OrganisationDisabled(Problem):
    """The key is valid, but an operator of the installation disabled the organisation that it belongs to."""

    status, code, title, sends = 401, "organisation_disabled", "Organisation disabled", ("WWW-Authenticate",)


class TooManyWrongKeys(TooManyRequests):
    """Too many wrong keys or sessions came from your address. Right ones are not held up; try again after `Retry-After`
    seconds."""

    code, title = "too_many_wrong_keys", "Too many wrong keys"

    def __init__(self, seconds: int) -> None:
        detail = "Too many wrong keys came from your address. Try again in a minute."
        super().__init__(detail, headers={"Retry-After": str(seconds)})


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


class NotOwner(Problem):
    """Only who made it or an administrator may change it, unless the organisation says that members manage all."""

    status, code, title = 403, "not_owner", "Not the owner"

    def __init__(self) -> None:
        super().__init__("Only who made it or an administrator may change it.")


class PipelineNotPermitted(Problem):
    """The key is limited to pipelines, and this concerns another one, or the organisation as a whole."""

    status, code, title = 403, "pipeline_not_permitted", "Pipeline not permitted"


class AdminOnly(PermissionMissing):
    """Only an administrator of the organisation may do this, with a key that is not narrowed to less. Of keys everybody
    manages their own, if theirs is not narrowed."""

    code, title, permission = "admin_only", "Administrators only", "admin"


class ExpiryNotPossible(Unprocessable):
    """The time at which the key would end is past, or later than what it is made with or this service allows."""

    code, title = "expiry_not_possible", "Expiry not possible"


class ExceedsOwnRights(Problem):
    """The key could do what the one who makes it may not."""

    status, code, title = 403, "exceeds_own_rights", "More than your own rights"
