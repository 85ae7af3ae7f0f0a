"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Unavailable


class NotReady(Unavailable):
    code, title = "not_ready", "Not ready"
