"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Unavailable


class NotReady(Unavailable):
    """The process cannot serve just now: its database has another schema, its runner does not run, or what else `wrong`
    says."""

    code, title = "not_ready", "Not ready"
