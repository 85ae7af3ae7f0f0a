"""The kinds of sheets that can be read: every module or package in here that has `recognise` and `read` is one.

All of them are asked how sure they are that a sheet is theirs, and the surest reads it. A new kind is a new file.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from app.extractions.pdf.page import Pages
from app.extractions.swims import Sheet


class Layout(Protocol):
    """One kind of sheet. Its functions see a stranger's text: they raise nothing, whatever it holds.

    One that looks at every page to recognise a sheet may have a third function, `most(pages)`: the most that
    `recognise` could say, told without looking closely. It is asked after the others, and not if one of them is surer.
    """

    def recognise(self, pages: Pages) -> float:
        """How sure it is that the sheet is of this kind.

        0: nothing speaks for it; 0.5: its events or tables have this form; 0.8: both have; 1: the sheet names the
        programme that printed it, or its own kind, in the place where that stands.
        """
        ...

    def read(self, pages: Pages) -> Sheet:
        """The sheet. `Sheet.lines` holds the lines it was read from, in the order they were read."""
        ...


@cache
def layouts() -> tuple[Layout, ...]:
    """All kinds, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return tuple(cast(Layout, module) for module in modules if hasattr(module, "recognise") and hasattr(module, "read"))


def choose(pages: Pages) -> Layout | None:
    """The kind of which the sheet shows most, or None when it is of no kind that is known; of two the first by name."""
    best: tuple[float, int] = (0.0, 0)
    chosen: Layout | None = None
    for index, layout in sorted(enumerate(layouts()), key=lambda entry: hasattr(entry[1], "most")):
        if hasattr(layout, "most") and (layout.most(pages), -index) < best:
            continue
        sure = layout.recognise(pages)
        if sure > 0 and (chosen is None or (sure, -index) > best):
            best, chosen = (sure, -index), layout
    return chosen
