"""What failed because something is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:  # children have none, and what it imports is large
    from app.kit.availability import Availability


class Outage(Exception):
    """Mixed into problems that may say: what failed did so because something is not there, and may be tried again.

    `availability` is what is waited for; `momentary`, there is nothing to wait for, as after a deadlock. What is not
    `lasting` may be the trouble of one content or one statement: it is tried again a number of times.
    """

    availability: Availability | None = None
    momentary: bool = False
    lasting: bool = True
    given_up: bool = False

    def because_of(self, availability: Availability | None) -> Self:
        """The same, of what will succeed once `availability` is there; None: in a moment."""
        self.availability, self.momentary = availability, availability is None
        return self
