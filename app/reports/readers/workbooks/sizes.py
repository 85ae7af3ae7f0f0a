"""Measures a workbook before the library opens it, which loads whole sheets, and scans its sheets on the way."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from app.reports.readers.compressed import is_too_dense
from app.reports.readers.workbooks.containers import BROKEN, Container
from app.reports.readers.workbooks.scan import SheetScan
from app.reports.table_errors import FILE_ENCRYPTED, FILE_UNREADABLE, RESOURCE_LIMIT, TableError

MAX_UNPACKED: Final = 256 * 1024 * 1024
MAX_CELLS: Final = 10_000_000
"""The library keeps 24 bytes for each cell of the rectangle that the used cells span."""
CHUNK: Final = 1 << 20
_ROWS: Final = re.compile(rb'<table:table-row\b[^<>]*?number-rows-repeated="(\d{1,9})"[^<>]*>')
_CELLS: Final = re.compile(rb"<table:table-cell\b([^<>]*)>")
_REPEATED: Final = re.compile(rb'number-columns-repeated="(\d{1,9})"')
_ROW_END: Final = b"</table:table-row>"


@dataclass(slots=True)
class Measured:
    """What the scan of each sheet's part found, by the name of the part."""

    scans: dict[str, SheetScan] = field(default_factory=dict)


def measure(path: Path, container: Container) -> Measured:
    """Unpack every part without keeping it; raises TableError (`RESOURCE_LIMIT`) as soon as it is too much."""
    found = Measured()
    if container.kind in ("xls", "xml"):
        return found
    packed, total = path.stat().st_size, 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise too_large()
            for entry in entries:
                if entry.flag_bits & 1:
                    raise TableError(FILE_ENCRYPTED, "The workbook asks for a password.")
                name = entry.filename.replace("\\", "/")
                scan = SheetScan(is_binary=name.endswith(".bin")) if "worksheets/sheet" in name.lower() else None
                repeats = _Repeats() if name == "content.xml" else None
                if scan and not name.endswith(".rels"):
                    found.scans[name] = scan
                with archive.open(entry) as part:
                    while piece := part.read(CHUNK):
                        total += len(piece)  # counted: what an entry says of itself may be a lie
                        if total > MAX_UNPACKED or is_too_dense(packed, total):
                            raise too_large()
                        if scan:
                            scan.feed(piece)
                            if scan.widest * scan.lowest > MAX_CELLS:
                                raise too_large(f"A sheet spans {scan.lowest:,} rows and {scan.widest:,} columns")
                        if repeats:
                            repeats.feed(piece)
                if scan:
                    scan.close()
                if repeats:
                    repeats.close()
                    found.scans[name] = repeats.scan
    except (expat.ExpatError, *BROKEN):
        raise TableError(FILE_UNREADABLE, "The workbook is broken or cut off.") from None
    return found


class _Repeats:
    """Counts the filled cells of an ODS that stand once in it and are repeated."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._rest = b""
        self._cells = 0
        self.scan = SheetScan(is_binary=False)

    def feed(self, piece: bytes) -> None:
        """Take a piece of the part. Raises expat.ExpatError when it is no XML, on which the library never ends."""
        self._parser.Parse(piece, False)
        text = self._rest + piece
        cut = text.rfind(_ROW_END)
        if cut < 0:
            self._rest = text[-CHUNK * 16 :]
            return
        whole, self._rest = text[: cut + len(_ROW_END)], text[cut + len(_ROW_END) :]
        place = 0
        while found := _ROWS.search(whole, place):
            place = whole.find(_ROW_END, found.end())
            self._add(int(found[1]), whole[found.end() : place])
        self._add(1, whole)

    def close(self) -> None:
        """The part has ended, and has to be whole XML."""
        self._parser.Parse(b"", True)

    def _add(self, times: int, cells: bytes) -> None:
        """Count what is repeated in some rows, `times` over; single cells of single rows are not counted."""
        width = filled = 0
        for found in _CELLS.finditer(cells):
            if times == 1 and b"table:formula=" in found[1]:
                self.scan.formulas += 1
                self.scan.unvalued += b"value-type=" not in found[1]
                self.scan.errors["#ERROR"] += b'value-type="error"' in found[1]
            if b"office:value" not in found[1] and found[1].endswith(b"/"):
                continue
            repeated = _REPEATED.search(found[1])
            width = int(repeated[1]) if repeated else 1
            filled += width if times > 1 or width > 1 else 0
        self._cells += times * filled
        if self._cells > MAX_CELLS:
            raise too_large(f"Its repeated cells are {self._cells:,}")


def too_large(what: str = "The workbook unpacks to more than can be held") -> TableError:
    return TableError(RESOURCE_LIMIT, f"{what}; {MAX_UNPACKED >> 20} MiB and {MAX_CELLS:,} cells are the limits.")
