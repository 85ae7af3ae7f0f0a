"""PDFs written object by object, for what a drawing library does not draw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.extractions.pdf_objects import stream, to_unicode, write_pdf

HEAD = ((18, 760, "HY-TEK's MEET MANAGER 8.0 - 7:36 PM  11/15/2026  Page 1"), (18, 740, "Lakeside Open - 11/13/2026"))
EVENT = (
    *((18, 700, "Event 7 Women 100 Yard Breaststroke"), (48, 688, "Name"), (190, 688, "Age"), (210, 688, "School")),
    (427, 688, "Finals Time"),
)
_ACROSS, _DOWN = 102, 132
_SCAN = "".join("20ff"[2 * (index * index % 7 > 2) :][:2] for index in range(_ACROSS * _DOWN)) + ">"


def row(place: int, name: str, time: str, *, y: float) -> tuple[tuple[float, float, str], ...]:
    """The cells of a row, as left edge, height and text."""
    return (34, y, str(place)), (48, y, name), (193, y, "21"), (210, y, "Indiana"), (446, y, time)


def shown(*cells: tuple[float, float, str], dx: float = 0, dy: float = 0) -> str:
    """The operators that draw the cells."""
    return "\n".join(f"BT /F 10 Tf 1 0 0 1 {x + dx} {y + dy} Tm ({text}) Tj ET" for x, y, text in cells)


@dataclass(frozen=True)
class RawPage:
    """A page: what draws it, and its boxes, as PDF writes them."""

    content: str
    boxes: str = "/MediaBox[0 0 612 792]"


def write(path: Path, *pages: RawPage, codes: dict[str, int] | None = None) -> str:
    """Writes the pages; the path as text.

    `/F` is a font, which calls the characters in `codes` by those code points, `/I` a picture as coarse as a bad scan,
    `/Off` a layer that is not shown, `/On` one that is, and `/Clear` a state in which nothing is opaque.
    """
    named = {code: chr(code) for code in range(32, 127)} | {
        ord(sign): chr(code) for sign, code in (codes or {}).items()
    }
    kids = " ".join(f"{9 + 2 * index} 0 R" for index in range(len(pages)))
    resources = (
        "/Resources<</Font<</F 3 0 R>>/XObject<</I 5 0 R>>/ExtGState<</Clear 6 0 R>>"
        "/Properties<</Off 7 0 R/On 8 0 R>>>>"
    )
    objects = [
        "<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[7 0 R 8 0 R]/D<</OFF[7 0 R]/ON[8 0 R]>>>>>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 4 0 R>>",
        to_unicode(named),
        f"<</Type/XObject/Subtype/Image/Width {_ACROSS}/Height {_DOWN}/ColorSpace/DeviceGray/BitsPerComponent 8"
        f"/Filter/ASCIIHexDecode/Length {len(_SCAN)}>>stream\n{_SCAN}\nendstream",
        "<</Type/ExtGState/ca 0>>",
        "<</Type/OCG/Name(Off)>>",
        "<</Type/OCG/Name(On)>>",
    ]
    for index, page in enumerate(pages):
        objects.append(f"<</Type/Page/Parent 2 0 R{page.boxes}/Contents {10 + 2 * index} 0 R{resources}>>")
        objects.append(stream(page.content))
    return write_pdf(path, objects)


def write_row(path: Path, codes: dict[str, int], show_time: str = "(59.46) Tj") -> str:
    """Writes a sheet of one row, whose time the PDF operator `show_time` draws; the path as text."""
    cells = ((34, 676, "1"), (48, 676, "Luper, Sofia"), (193, 676, "21"), (210, 676, "USC"))
    time = f"BT /F 10 Tf 1 0 0 1 446 676 Tm {show_time} ET"
    return write(path, RawPage(f"{shown(HEAD[0], *EVENT, *cells)}\n{time}"), codes=codes)
