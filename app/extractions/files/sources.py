"""One uploaded file as a sheet, whatever it is: PDF, a ZIP of files, or one of the kinds in this package."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from app.extractions.files import HEAD, FileKind, choose
from app.extractions.files.archive import MIB, MOST_BYTES, Member, Unpacker
from app.extractions.files.merging import merge
from app.extractions.files.records import MESSAGES
from app.extractions.reading import ReadingWarning
from app.extractions.sheet_errors import FILE_UNREADABLE, RESOURCE_LIMIT, SheetError
from app.extractions.swims import Sheet

ReadPdf = Callable[[bytes], Sheet]
_PDF: Final = b"%PDF-"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_LEAST_NAME: Final = 8
"""Characters of a meet's name that have to agree: SDIF cuts it after thirty."""


class UnknownKind(SheetError):
    """The file is of no kind that is read."""


def is_pdf(head: bytes) -> bool:
    """Whether a file begins as a PDF does, which may have up to a kilobyte before it."""
    return _PDF in head[: 1024 + len(_PDF)]


def head_of(path: str) -> bytes:
    """The bytes that say what a file is."""
    with Path(path).open("rb") as file:
        return file.read(HEAD)


def is_other_kind(path: str) -> bool:
    """Whether a file is one of the kinds that are read here, or a ZIP, and no PDF."""
    head = head_of(path)
    return not is_pdf(head) and (head.startswith(_ZIP) or choose(head, "") is not None)


def read_file(path: str, name: str, read_pdf: ReadPdf) -> Sheet:
    """The sheet in a file that is no PDF itself. Raises `SheetError`; `read_pdf` reads those in a ZIP."""
    head = head_of(path)
    if head.startswith(_ZIP):
        return _of_members(list(Unpacker().unpack(path)), read_pdf)
    kind = choose(head, name)
    if kind is None:
        raise UnknownKind(
            FILE_UNREADABLE, "The file is neither a PDF nor a result file that is read: LENEX, HY-TEK, SDIF or HTML."
        )
    with Path(path).open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise SheetError(RESOURCE_LIMIT, f"The file is larger than {MOST_BYTES // MIB} MB.")
    return kind.read([data])


@dataclass(slots=True)
class _Left:
    """Members that were not read: names, and how many of them should have been."""

    names: list[str] = field(default_factory=list)
    broken: int = 0


def _of_members(members: Sequence[Member], read_pdf: ReadPdf) -> Sheet:
    """The sheet in a ZIP: a meet that is there in several forms is read in the most exact one."""
    left = _Left()
    sheets: list[Sheet] = []
    errors: list[SheetError] = []
    for group in _by_kind(members, read_pdf, left):
        more: list[Sheet] = []
        for names, read in group:
            try:
                sheet = read()
            except SheetError as error:
                if error.code == RESOURCE_LIMIT:
                    raise
                errors.append(error)
                left.broken += 1
                left.names += names
                continue
            if any(known.swims and _is_same_meet(known, sheet) for known in sheets):
                left.names += names
            else:
                more.append(sheet)
        sheets += more
    if not sheets:
        raise errors[0] if errors else SheetError(FILE_UNREADABLE, "The ZIP holds no result file that is read.")
    return _with_left(merge([sheet for sheet in sheets if sheet.swims] or sheets[:1]), left)


_Job = tuple[list[str], Callable[[], Sheet]]
"""The names of members, and what reads them."""


def _by_kind(members: Sequence[Member], read_pdf: ReadPdf, left: _Left) -> list[list[_Job]]:
    """What there is to read, the exact kinds first, web pages and PDF last. Pages are read together."""
    exact: dict[str, list[_Job]] = {}
    pages: list[Member] = []
    pdfs: list[_Job] = []
    html: FileKind | None = None
    for member in members:
        head = member.data[:HEAD]
        kind = None if is_pdf(head) else choose(head, member.name)
        if is_pdf(head):
            pdfs.append(([member.name], partial(read_pdf, member.data)))
        elif kind is None:
            left.names.append(member.name)
        elif kind.EXACT:
            exact.setdefault(str(kind), []).append(([member.name], partial(kind.read, [member.data])))
        else:
            html = kind
            pages.append(member)
    groups = [exact[kind] for kind in sorted(exact)]
    if html:
        groups.append([([page.name for page in pages], partial(html.read, [page.data for page in pages]))])
    return [*groups, pdfs]


def _is_same_meet(one: Sheet, other: Sheet) -> bool:
    first, second = (" ".join((sheet.meet or "").casefold().split()) for sheet in (one, other))
    shorter = min(len(first), len(second))
    written_alike = all(_ISO.match(sheet.dates or "") for sheet in (one, other))
    if written_alike and one.dates != other.dates:
        return False
    return shorter >= _LEAST_NAME and first[:shorter] == second[:shorter]


def _with_left(sheet: Sheet, left: _Left) -> Sheet:
    if left.names and (reading := sheet.reading):
        names = ", ".join(left.names[:5])[:200]
        message = f"{MESSAGES['MEMBERS_NOT_READ']}: {names}."
        warning = ReadingWarning(code="MEMBERS_NOT_READ", page=None, count=len(left.names), message=message)
        reading["warnings"].append(warning)
        if left.broken and reading["confidence"] == "high":
            reading["confidence"] = "check"
    return sheet
