"""Draws pages of sheets for people: in children of its own, so that nobody waits behind the sheets of a batch."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from app.extractions.errors import PageNotDrawn, PageNotFound, SheetNotPdf
from app.extractions.sheet_errors import NO_PDF, NO_SUCH_PAGE, SheetError
from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.errors import SandboxError
from app.kit.sandbox.sandbox import Sandbox
from app.kit.shares import Weigh, alike
from app.kit.turns import Party

_PLACE: Final = re.compile(rb"(?:[01]\.\d{4}-[01]\.\d{4})?")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
LOOK: Final = 1
"""Goes up whenever the same page would give another picture."""
_SECONDS: Final = 20.0
_CPU_SECONDS: Final = 10
_MEMORY_BYTES: Final = 384 * 1024 * 1024
_AT_ONCE: Final = 2
_FARTHEST: Final = 1e6  # points: no page is that large
_MAX_BYTES: Final = 64 * 1024 * 1024


class PagePictures:
    """The fork server is started by the first picture. Two are drawn at a time, by turns between organisations."""

    def __init__(self, weigh: Weigh = alike) -> None:
        self._sandbox = Sandbox(
            workers=_AT_ONCE,
            memory_bytes=_MEMORY_BYTES,
            cpu_seconds=_CPU_SECONDS,
            preload=["app.extractions.pdf.picture"],
            max_result=_MAX_BYTES,
            spare=1,
            weigh=weigh,
        )

    async def start(self) -> None: ...

    async def stop(self) -> None:
        await self._sandbox.stop()

    async def draw(
        self, path: Path, page: int, width: int, box: Sequence[float] | None, organisation_id: UUID | None = None
    ) -> tuple[bytes, str | None]:
        """The page as a PNG, and where the box is in it: `0.412-0.431`, shares of its height from the top.

        Raises PageNotFound, SheetNotPdf and PageNotDrawn.
        """
        try:
            answer: bytes = await self._sandbox.run(
                "app.extractions.pdf.picture:draw_page",
                str(path),
                page,
                width,
                box,
                timeout=_SECONDS,
                lent=Lent((str(path),)),
                owner=Party(organisation_id),
            )
        except SheetError as error:
            kinds = {NO_PDF: SheetNotPdf, NO_SUCH_PAGE: PageNotFound}
            raise kinds.get(error.code, PageNotDrawn)(error.message) from None
        except SandboxError as error:
            raise PageNotDrawn(f"The page took too long, or more memory than a page may ({error.code}).") from None
        place, _, picture = answer.partition(b"\n")
        if not _PLACE.fullmatch(place) or not picture.startswith(_PNG):
            raise PageNotDrawn("The page could not be drawn.")  # a child that has read a hostile file may say anything
        return picture, place.decode() or None


def box_of(swim: Mapping[str, Any]) -> list[float] | None:
    """Where a swim stands on its page, if that is known: what a model has read has no place."""
    box = swim.get("box")
    if not isinstance(box, list) or len(box) != 4 or not all(type(edge) in (int, float) for edge in box):
        return None
    return [float(edge) for edge in box] if all(abs(edge) < _FARTHEST for edge in box) else None


def tag_of(sha256: str, page: int, width: int, box: Sequence[float] | None) -> str:
    """The ETag of a picture, from what it is made of."""
    made_of = f"{LOOK} {sha256} {page} {width} {box}"
    return f'"{hashlib.sha256(made_of.encode()).hexdigest()[:32]}"'
