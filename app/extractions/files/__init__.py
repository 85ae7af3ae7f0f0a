"""The files behind the sheets: every module in here that has `recognise` and `read` is one kind.

All of them are asked how sure they are that a file is theirs, by its first bytes; the surest reads it. PDF, which is
read by layout, and ZIP, which holds files of these kinds, are not among them.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Final, Protocol, cast

from app.extractions.swims import Sheet
from app.kit.text.decoding import marked_encoding, wide_encoding

HEAD: Final = 1 << 16
"""So many bytes at the beginning of a file say what it is."""


class FileKind(Protocol):
    """One kind of file. Its functions see a stranger's bytes.

    `EXACT` says that a file has its values in fields; one that has not is laid out like a sheet of paper.
    """

    EXACT: bool

    def recognise(self, head: str, name: str) -> float:
        """How sure it is that the file is of this kind, from 0 to 1.

        `head` is the beginning of the file, decoded well enough to see ASCII in it; `name` only settles what the
        content leaves open.
        """
        ...

    def read(self, documents: Sequence[bytes]) -> Sheet:
        """The sheet in the files of this kind that came together; each is whole, and there is at least one.

        `Sheet.reading` says what could not be read. Raises `SheetError` for a file that cannot be read at all.
        """
        ...


@cache
def kinds() -> tuple[FileKind, ...]:
    """All kinds, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return tuple(cast(FileKind, module) for module in modules if hasattr(module, "recognise"))


def choose(head: bytes, name: str) -> FileKind | None:
    """The kind of which the beginning of a file shows most, or None when it is of no kind that is known."""
    text = head.decode(marked_encoding(head) or wide_encoding(head) or "latin-1", errors="replace").lstrip("\ufeff")
    sure, _, kind = max((kind.recognise(text, name), -index, kind) for index, kind in enumerate(kinds()))
    return kind if sure > 0 else None
