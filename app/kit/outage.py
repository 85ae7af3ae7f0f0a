"""What failed because something is not there."""

from __future__ import annotations

from typing import Protocol, Self


class Awaited(Protocol):
    """What will be there again: `name` completes "waits for ..."."""

    @property
    def name(self) -> str: ...

    async def back(self) -> None: ...


class Outage(Exception):
    """Mixed into problems that may say: what failed did so because something is not there, and may be tried again.

    `availability` is what is waited for; `momentary`, there is nothing to wait for, as after a deadlock. What is not
    `lasting` may be the trouble of one content or one statement: it is tried again a number of times.
    """

    availability: Awaited | None = None
    momentary: bool = False
    lasting: bool = True
    given_up: bool = False

    def because_of(self, availability: Awaited | None) -> Self:
        """The same, of what will succeed once `availability` is there; None: in a moment."""
        self.availability, self.momentary = availability, availability is None
        return self
