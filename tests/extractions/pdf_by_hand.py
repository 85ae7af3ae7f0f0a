"""PDFs written by hand: any letters at any place, in any order, without a font file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.extractions.pdf_objects import stream, to_unicode, write_pdf

_NARROW = {"i": 222, "j": 222, "l": 222, "I": 278, "t": 278, "f": 278, "r": 333, "-": 333, "(": 333, ")": 333, "'": 191}
_WIDE = {"m": 833, "M": 833, "W": 944, "w": 722, "№": 1072, "ш": 820, "щ": 840, "ж": 670, "ю": 750, "Ж": 920, "Ш": 920}
_BLANKS = {" ": 278, ".": 278, ",": 278, ":": 278, "/": 278, "|": 260, "+": 584}


def width_of(text: str, size: float) -> float:
    """How wide the text is drawn, in points."""
    return sum(_width(sign) for sign in text) * size / 1000


def _width(sign: str) -> int:
    found = _NARROW.get(sign) or _WIDE.get(sign) or _BLANKS.get(sign)
    return found or (667 if sign.isupper() else 500 if sign in "ckszvxy" else 556)


class HandmadePdf:
    """Pages of A4 with texts; a text is one object in the file, in the order it was drawn."""

    def __init__(self) -> None:
        self.pages: list[list[tuple[float, float, float, str]]] = []
        self.codes: dict[str, int] = {}

    def page(self) -> None:
        """A new page."""
        self.pages.append([])

    def text(self, x: float, y: float, text: str, size: float = 9) -> None:
        """Draws `text` at `x` with its foot `y` points below the top of the page."""
        for sign in text:
            self.codes.setdefault(sign, 33 + len(self.codes))
        self.pages[-1].append((x, 842 - y, size, text))

    def right(self, x: float, y: float, text: str, size: float = 9) -> None:
        """Draws `text` so that it ends at `x`."""
        self.text(x - width_of(text, size), y, text, size)

    def middle(self, x: float, y: float, text: str, size: float = 9) -> None:
        """Draws `text` around `x`."""
        self.text(x - width_of(text, size) / 2, y, text, size)

    def save(self, path: Path) -> str:
        """Writes the file; the path as text. Raises `ValueError` for more than 220 different letters."""
        if len(self.codes) > 220:
            raise ValueError("too many letters for one font")
        signs = list(self.codes)
        widths = " ".join(str(_width(sign)) for sign in signs)
        first = 5
        kids = " ".join(f"{first + 2 * index} 0 R" for index in range(len(self.pages)))
        font = f"/BaseFont/Helvetica/FirstChar 33/LastChar {32 + len(signs)}/Widths[{widths}]/ToUnicode 4 0 R"
        objects = [
            "<</Type/Catalog/Pages 2 0 R>>",
            f"<</Type/Pages/Kids[{kids}]/Count {len(self.pages)}>>",
            f"<</Type/Font/Subtype/Type1{font}>>",
            to_unicode({code: sign for sign, code in self.codes.items()}),
        ]
        for index, texts in enumerate(self.pages):
            content = "\n".join(self._shown(texts))
            objects.append(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>"
                f"/Contents {first + 2 * index + 1} 0 R>>"
            )
            objects.append(stream(content))
        return write_pdf(path, objects)

    def _shown(self, texts: Iterable[tuple[float, float, float, str]]) -> Iterable[str]:
        for x, y, size, text in texts:
            codes = "".join(f"{self.codes[sign]:02x}" for sign in text)
            yield f"BT /F {size:g} Tf 1 0 0 1 {x:.2f} {y:.2f} Tm <{codes}> Tj ET"
