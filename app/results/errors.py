"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from typing import Final

from app.kit.errors import NotFound, Problem
from app.kit.web.public_address import public_path

WHERE: Final = "/api/results"
"""Where they happened: never a path with a code in it."""


class ResultNotFound(NotFound):
    """One answer for unknown, expired and revoked codes, byte for byte: it does not even name the code."""

    code = "result_not_found"

    def __init__(self) -> None:
        super().__init__("No result is shared under this code.", instance=public_path(WHERE))


class TooManyGuesses(Problem):
    """Too many wrong result codes came from your address. Right ones are not held up; try again after `Retry-After`
    seconds."""

    status, code, title, sends = 429, "too_many_guesses", "Too many guesses", ("Retry-After",)

    def __init__(self, seconds: int) -> None:
        detail = "Too many wrong codes came from your address. Try again in a minute."
        super().__init__(detail, headers={"Retry-After": str(seconds)}, instance=public_path(WHERE))


class ResultLinkNotFound(NotFound):
    """There is no such result code in your organisation, or it was revoked."""

    code = "result_code_not_found"
