"""Files that are no table, or one that is not read here: refused as what they are, told by their first bytes."""

from __future__ import annotations

import pickletools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from app.reports.table_errors import NOT_A_TABLE, TableError

HEAD: Final = 1024
_KINDS: Final = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"II*\x00", "an image"),
    (b"MM\x00*", "an image"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"ID3", "a recording"),
    (b"OggS", "a recording"),
    (b"fLaC", "a recording"),
    (b"\x1aE\xdf\xa3", "a film"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; send what is in it"),
    (b"Rar!\x1a\x07", "a RAR archive; send what is in it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd, which is not read here; send it as gzip"),
    (b"\x04\x22\x4d\x18", "compressed with LZ4, which is not read here; send it as gzip"),
    (b"\x1f\x9d", "compressed with compress, which is not read here; send it as gzip"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy, which is not read here; send it as gzip"),
    (b"ORC", "an ORC file, which is not read here; send it as Parquet"),
    (b"Obj\x01", "an Avro file, which is not read here; send it as Parquet"),
    (b"ARROW1", "an Arrow file, which is not read here; send it as Parquet"),
    (b"FEA1", "a Feather file, which is not read here; send it as Parquet"),
    (b"\x00\x01\x00\x00Standard Jet DB", "an Access database; send its tables as CSV"),
    (b"\x00\x01\x00\x00Standard ACE DB", "an Access database; send its tables as CSV"),
    (b"PGDMP", "a dump of a PostgreSQL database; send its tables as CSV"),
    (b"\x93NUMPY", "an array of NumPy (.npy), which is not read here; send it as CSV or Parquet"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, which is not read here; send its tables as CSV or Parquet"),
    (b"CDF\x01", "a NetCDF file, which is not read here; send it as CSV or Parquet"),
    (b"CDF\x02", "a NetCDF file, which is not read here; send it as CSV or Parquet"),
    (b"MATLAB 5.0 MAT-file", "a MAT file of MATLAB, which is not read here; send it as CSV"),
    (b"$FL2", "an SPSS file, which is not read here; send it as CSV"),
    (b"$FL3", "an SPSS file, which is not read here; send it as CSV"),
    (b"<stata_dta>", "a Stata file, which is not read here; send it as CSV"),
    (b"RDX2\n", "a file of R's data, which is not read here; send it as CSV"),
    (b"RDX3\n", "a file of R's data, which is not read here; send it as CSV"),
    (b"RDA3\n", "a file of R's data, which is not read here; send it as CSV"),
    (b"X\n\x00\x00\x00", "a file of R's data (.rds), which is not read here; send it as CSV"),
    (b"SIMPLE  =", "a FITS file, which is not read here; send it as CSV"),
    (b"\x00\x00\x27\x0a", "a shapefile; send it as GeoJSON or its table as CSV"),
    (b"GRIB", "a GRIB file, which is not read here"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"\x00\x01\x00\x00\x00", "a font"),
    (b"HEADER RECORD*******", "a SAS transport file, which is not read here; send it as CSV"),
    (b"\xff\xff\xff\xff", "an Arrow stream, which is not read here; send it as Parquet"),
    (b"\x00\x05\x16\x07", "what macOS keeps beside a file; send the one whose name does not begin with ._"),
    (b"\x00\x05\x16\x00", "what macOS keeps beside a file; send the one whose name does not begin with ._"),
    (b"8BPS", "an image"),
    (b"bplist", "a property list of Apple's"),
    (b"!<arch>\n", "an archive; send what is in it"),
)
_SAS: Final = bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00\x09\xc7\x31\x8c\x18\x1f\x10\x11"
_TABLES: Final = ("csv", "tsv", "txt", "psv", "tab", "json", "jsonl", "ndjson", "parquet", "xlsx", "xls", "xlsb", "ods")
_SHORTCUTS: Final = ("gsheet", "gdoc", "gtable", "gslides")
_GOOGLE: Final = (b'"doc_id"', b'"resource_id"', b"docs.google.com")
_DBASE: Final = b"\x03\x30\x31\x32\x43\x63\x83\x8b\xf5"
_STATA: Final = bytes(range(0x69, 0x74))
_DOCUMENTS: Final = (
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("Index/Document.iwa", "a Numbers or Pages document; export it as CSV or XLSX"),
    ("META-INF/container.xml", "an e-book"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
    ("AndroidManifest.xml", "an Android app"),
    ("doc.kml", "a KMZ map"),
)


def refuse_other_files(path: Path, name: str) -> None:
    """Raise TableError (`NOT_A_TABLE`) for a file that is known to be something else. `name`: as it was sent."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, path.stat().st_size - 1))
        last = file.read(1)
    if what := _what(head, last) or _by_name(head, name, path.stat().st_size):
        raise TableError(NOT_A_TABLE, f"The file is {what}.")
    if is_tar(head):
        raise TableError(NOT_A_TABLE, f"The file is a tar archive, not a table. {_send(_tar_names(path))}")


def zip_refusal(names: Iterable[str]) -> TableError:
    """Why a ZIP archive with these names, which is no workbook, is not read."""
    inside = [*names]
    for name, what in _DOCUMENTS:
        if name in inside:
            return TableError(NOT_A_TABLE, f"The file is {what}, not a table.")
    if inside and all(name.endswith(".npy") for name in inside):
        return TableError(
            NOT_A_TABLE, "The file holds arrays of NumPy (.npz), which are not read here; send them as CSV."
        )
    return TableError(NOT_A_TABLE, f"The file is a ZIP archive, not a table. {_send(inside)}")


def is_tar(head: bytes) -> bool:
    """Whether a file begins as a tar archive does: the header's own checksum tells, also where no magic stands."""
    if len(head) < 512 or not head[0]:
        return False
    field = head[148:156].strip(b" \x00")
    if not re.fullmatch(rb"[0-7]{1,7}", field):
        return False
    return int(field, 8) == sum(head[:148]) + 8 * 32 + sum(head[156:512])


def _what(head: bytes, last: bytes) -> str | None:
    # A table may begin with the letters that name a binary format, but has no zeros.
    known = next((w for magic, w in _KINDS if head.startswith(magic) and not (magic.isalnum() and 0 not in head)), None)
    if known:
        return known if ";" in known or "which" in known else f"{known}, not a table"
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        return "an image, not a table" if head[8:12] == b"WEBP" else "a recording, not a table"
    if head[4:8] == b"ftyp":
        return "a film or an image, not a table"
    if head[8:12] == b"DUCK":
        return "a DuckDB database; send its tables as Parquet"
    if head.startswith(_SAS):
        return "a SAS file, which is not read here; send it as CSV"
    if head[:1] in b"\x80(]}c" and last == b"." and _is_pickle(head):
        return "a pickle of Python, which is not read here; send it as CSV or Parquet"
    return None


def _by_name(head: bytes, name: str, size: int) -> str | None:
    """What files without a mark of their own are, when their names say it as well."""
    name = name.rpartition("/")[2].casefold()
    suffix = name.rpartition(".")[2]
    head = head.ljust(4, b" ")
    first, second = head[:2]
    if name.startswith("~$") and size < HEAD:
        return "what Excel keeps while a workbook is open, not the workbook"
    if suffix in _SHORTCUTS and head.lstrip().startswith(b"{") and any(mark in head for mark in _GOOGLE):
        return "a shortcut to Google Drive, which holds no data; download the table as XLSX or CSV"
    if suffix == "dbf" and first in _DBASE and 1 <= head[2] <= 12 and 1 <= head[3] <= 31:
        return "a dBase table, which is not read here; send it as CSV"
    if suffix == "dta" and first in _STATA and second in (1, 2):
        return "a Stata file, which is not read here; send it as CSV"
    if suffix == "xls" and first == 9 and second in (0, 2, 4):
        return "a sheet of Excel 2, 3 or 4, which is not read here; save it as XLSX"
    return None


def _is_pickle(head: bytes) -> bool:
    """Whether the first instructions are those of a pickle; none of them is carried out."""
    read = 0
    try:
        for _ in pickletools.genops(head):
            read += 1
    except ValueError:
        pass
    return read > 4


def _tar_names(path: Path) -> list[str]:
    names, most = list[str](), 200
    with path.open("rb") as file:
        while len(names) < most and is_tar(head := file.read(512)):
            size = re.match(rb"[0-7]+", head[124:136].strip(b" \x00"))
            if head[156:157] in (b"0", b"\x00"):
                names.append(head[:100].rstrip(b"\x00").decode("utf-8", "replace"))
            file.seek((int(size[0], 8) + 511) // 512 * 512 if size else 0, 1)
    return names


def _send(names: Sequence[str]) -> str:
    """What to send instead of an archive."""
    inside = [name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")]
    tables = [name for name in inside if name.rpartition(".")[2].lower() in _TABLES]
    if len(tables) == 1 or len(inside) == 1:
        only = (tables if len(tables) == 1 else inside)[0].rpartition("/")[2]
        printable = "".join(sign if sign.isprintable() else "?" for sign in only)[:100]
        return f"Send the one table in it, {printable}, by itself." if tables else f"Send what is in it: {printable}."
    return f"Send the {len(tables):,} tables in it by themselves." if tables else "Send what is in it."
