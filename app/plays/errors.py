"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import NotFound, Unprocessable


class PlayNotRunnable(Unprocessable):
    """The play has nothing to do, or one of its steps names a variable that has no value."""

    code, title = "play_not_runnable", "Play not runnable"


class PlayNotFound(NotFound):
    """There is no such play in your organisation."""

    code = "play_not_found"

    def __init__(self) -> None:
        super().__init__("Play not found", error="Play not found")  # the member that clients of these routes read


class RequirementsNotValid(Unprocessable):
    """The data batches that a play requires are numbers from 1 to 5, each at most once."""

    code, title = "invalid_required_batches", "Required batches not valid"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, error=detail)
