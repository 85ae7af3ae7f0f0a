"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Conflict, NotFound


class UserNotFound(NotFound):
    """There is no such user in the organisation."""

    code = "user_not_found"


class UserExists(Conflict):
    """The organisation has a user of this name already."""

    code, title = "user_exists", "User exists"


class OrganisationExists(Conflict):
    """There is an organisation of this name already."""

    code, title = "organisation_exists", "Organisation exists"


class InvitationNotFound(NotFound):
    """There is no such invitation, or it was accepted, taken back, or its time is over."""

    code = "invitation_not_found"


class LastAdministrator(Conflict):
    """The organisation would have no administrator left."""

    code, title = "last_administrator", "Last administrator"


class LastOperator(Conflict):
    """The installation would have no operator left."""

    code, title = "last_operator", "Last operator"
