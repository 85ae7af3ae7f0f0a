"""Keeps secrets out of log lines: those that this process was set up with, and what looks like one.

Nothing that logs should write a secret in the first place. An exception of a library may all the same: a database
driver names its address, an HTTP client its URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final

HIDDEN: Final = "***"
SHORTEST: Final = 6
"""Characters. A shorter secret is no secret, and would be found in every second word."""
_FORMS: Final = (
    re.compile(r"\b(?:trn_|whsec_)[A-Za-z0-9+/=_-]{8,}"),
    re.compile(r"(?i)(?<=\bbearer )[A-Za-z0-9+/=_.~-]{8,}"),
    re.compile(r"(?<=://)[^\s/?#@]{1,500}(?=@)"),
    re.compile(
        r"(?i)(?<=[?&;])(?P<name>[a-z0-9_.-]{0,40}(?:token|secret|password|passwd|key|sig|signature|code|ticket)[a-z0-9_.-]{0,10})=[^\s&;#\"'<>]+"
    ),
)


_here: ContextVar[frozenset[str]] = ContextVar("secrets", default=frozenset())


def hide_here(secrets: frozenset[str]) -> None:
    """Keep these out of the lines that are written from now on in the current task, as for a job with secrets."""
    _here.set(frozenset(secret for secret in secrets if len(secret) >= SHORTEST))


class LogSecrets:
    """Replaces secrets in texts. `add` makes further ones known, as they are read or made."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secrets: Iterable[str]) -> None:
        new = {secret for secret in secrets if len(secret) >= SHORTEST} - self._known
        if new:
            self._known |= new
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def hide(self, text: str) -> str:
        """The text with `***` in place of each secret; of a parameter in a query the name stays."""
        for secret in _here.get():
            text = text.replace(secret, HIDDEN)
        if self._pattern:
            text = self._pattern.sub(HIDDEN, text)
        for form in _FORMS:
            text = form.sub(
                lambda found: f"{name}={HIDDEN}" if (name := found.groupdict().get("name")) else HIDDEN, text
            )
        return text


known_secrets: Final = LogSecrets()
"""Those of this process."""
