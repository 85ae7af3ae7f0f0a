"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Conflict, Unprocessable


class NameNotConfirmed(Unprocessable):
    """`name` is not the name of the organisation that is to be erased."""

    code, title = "name_not_confirmed", "Name not confirmed"


class OrganisationOperates(Conflict):
    """The installation would have no operator left."""

    code, title = "organisation_operates", "The last operators are here"
