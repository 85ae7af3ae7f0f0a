"""What the names of a batch's files tell: whose they are, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

MAX_PREFIX: Final = 20
"""Longer prefixes are cut: clients keep them in a column of 20 characters."""
_PREFIX: Final = re.compile(r"^([A-Za-z]{2,5})[_\- ]([A-Za-z]{2,}\d*)(?=[_\-. ]|$)")


def stem_of(filename: str) -> str:
    """A file name without its folders, its ending, and characters that cannot be printed."""
    name = re.split(r"[/\\]", filename)[-1]
    name = "".join(c for c in name if c.isprintable())
    return name.rpartition(".")[0] or name


class Naming:
    """How a workload reads file names. One that knows more of its files overrides the methods."""

    def customer_of(self, filename: str) -> str | None:
        """The customer's prefix of one file name (`KX_Harbour7_..._Final.png` -> `KX_HARBOUR7`), or None."""
        match = _PREFIX.match(stem_of(filename))
        return f"{match.group(1)}_{match.group(2)}".upper()[:MAX_PREFIX] if match else None

    def describe(self, filenames: Sequence[str]) -> str:
        """A word for what is in the batch, for names of folders: no blanks and no slashes."""
        return f"{len(filenames)}-file_Render"
