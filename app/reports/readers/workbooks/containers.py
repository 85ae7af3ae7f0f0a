"""What kind of workbook a file is, by its content: the parts of a ZIP archive, the streams of an OLE file, or XML."""

from __future__ import annotations

import mmap
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from app.reports.readers.other_files import zip_refusal
from app.reports.table_errors import FILE_ENCRYPTED, FILE_UNREADABLE, NOT_A_TABLE, TableError

OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BROKEN: Final = (
    OSError,
    ValueError,
    IndexError,
    KeyError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
)
"""What reading a broken archive raises."""
MAX_PART: Final = 8 * 1024 * 1024
"""Bytes of a part that says where the others are."""
_STREAMS: Final = (
    ("WordDocument", "a Word document"),
    ("PowerPoint Document", "a PowerPoint presentation"),
    ("__properties_version1.0", "a message of Outlook"),
    ("VisioDocument", "a Visio drawing"),
)
_MAIN: Final = {"xml": "xl/workbook.xml", "bin": "xl/workbook.bin"}
HEAD: Final = 4096
_LISTS: Final = ("_rels/.rels", "[Content_Types].xml")
_DIMENSION: Final = re.compile(rb"<(?:\w{1,16}:)?dimension\s[^<>]*/>")


@dataclass(frozen=True, slots=True)
class Container:
    """`kind` is `xlsx`, `xlsm`, `xlsb`, `ods`, `xls` or `xml` (Excel 2003); `main` the part that lists the sheets."""

    kind: str
    main: str = ""


def find_container(path: Path) -> Container | None:
    """What workbook a file is; None when it is none. Raises TableError when it is broken, locked or something else."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(OLE):
        return _ole(path)
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head.replace(b"\x00", b"") and b"<" in head[:8]:
        return Container("xml")
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            return _zip(archive)
    except BROKEN:
        raise TableError(FILE_UNREADABLE, "The workbook is broken or cut off.") from None


def _ole(path: Path) -> Container:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if _has_stream(content, "EncryptedPackage"):
            raise TableError(FILE_ENCRYPTED, "The workbook asks for a password.")
        if not _has_stream(content, "Workbook") and not _has_stream(content, "Book"):
            for stream, what in _STREAMS:
                if _has_stream(content, stream):
                    raise TableError(NOT_A_TABLE, f"The file is {what}, not a table.")
    return Container("xls")


def _has_stream(content: mmap.mmap, name: str) -> bool:
    """Whether the directory of an OLE file has an entry of this name: entries are 128 bytes and begin with theirs."""
    entry = name.encode("utf-16-le") + b"\x00\x00"
    place = content.find(entry)
    while place >= 0:
        if place % 128 == 0:
            return True
        place = content.find(entry, place + 1)
    return False


def _zip(archive: zipfile.ZipFile) -> Container:
    names = {name.replace("\\", "/") for name in archive.namelist()}
    if "content.xml" in names:
        if "META-INF/manifest.xml" in names and b"encryption-data" in _part(archive, "META-INF/manifest.xml"):
            raise TableError(FILE_ENCRYPTED, "The workbook asks for a password.")
        mimetype = _part(archive, "mimetype").decode("ascii", "replace") if "mimetype" in names else ""
        if mimetype and "spreadsheet" not in mimetype:
            raise TableError(NOT_A_TABLE, "The file is a document of OpenOffice's, not a table.")
        return Container("ods", "content.xml")
    main = next((part for part in _MAIN.values() if part in names), None) or _main_part(archive, names)
    if main is None:
        raise zip_refusal(archive.namelist())
    if main.endswith(".bin"):
        return Container("xlsb", main)
    has_macros = any(name.endswith("vbaProject.bin") for name in names)
    return Container("xlsm" if has_macros else "xlsx", main)


def _main_part(archive: zipfile.ZipFile, names: set[str]) -> str | None:
    """The part that the archive itself names as the document, when it is a workbook."""
    if "[Content_Types].xml" not in names or "_rels/.rels" not in names:
        return None
    types = _part(archive, "[Content_Types].xml")
    if b"spreadsheetml" not in types and b"ms-excel" not in types:
        return None
    for relation in relations(_part(archive, "_rels/.rels")):
        if relation.get("Type", "").endswith("/officeDocument"):
            target = relation.get("Target", "").lstrip("/")
            return target if target in names else None
    return None


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(MAX_PART)


def relations(xml: bytes) -> list[dict[str, str]]:
    """The relations that a part has to others; none when its XML is broken."""
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return []
    return [dict(element.attrib) for element in root]


def usual_names(path: Path, container: Container, folder: Path) -> Path:
    """The workbook with its main part under the name that readers expect; itself when it has that name."""
    main = container.main
    expected = "workbook.bin" if main.endswith(".bin") else "workbook.xml"
    place, own = posixpath.split(main)
    if container.kind not in ("xlsx", "xlsm", "xlsb") or own == expected:
        return path
    renamed = {
        main: posixpath.join(place, expected),
        posixpath.join(place, "_rels", f"{own}.rels"): posixpath.join(place, "_rels", f"{expected}.rels"),
    }

    def change(name: str, piece: bytes) -> bytes:
        return piece.replace(main.encode(), renamed[main].encode()) if name in _LISTS else piece

    return _rewritten(path, folder / "renamed", renamed, change)


def without_dimensions(path: Path, folder: Path) -> Path:
    """A copy of a workbook whose sheets do not say how far they span."""

    def change(name: str, piece: bytes) -> bytes:
        return _DIMENSION.sub(b"", piece, 1) if "worksheets/" in name else piece

    return _rewritten(path, folder / "plain", {}, change)


def _rewritten(path: Path, target: Path, renamed: Mapping[str, str], change: Callable[[str, bytes], bytes]) -> Path:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for entry in old.infolist():
            with old.open(entry) as part, new.open(renamed.get(entry.filename, entry.filename), "w") as copy:
                while piece := part.read(1 << 20):
                    copy.write(change(entry.filename, piece))
    return target
