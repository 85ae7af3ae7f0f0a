"""Result files in a ZIP, as Meet Manager exports them, or several of one meet.

Nothing is ever written to a disk, so that a member's name is only a name. Members are unpacked into a limited amount of
memory; what a ZIP says of sizes is not believed.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from app.extractions.sheet_errors import FILE_ENCRYPTED, FILE_UNREADABLE, RESOURCE_LIMIT, SheetError

MIB: Final = 1 << 20
MOST_BYTES: Final = 32 * MIB
"""Of one file, or of all members of a ZIP together: the results of a large meet take three."""
MOST_MEMBERS: Final = 5_000
_DEEPEST: Final = 2
"""A ZIP of `.lxf` files, which are ZIPs, is read; deeper ones are not."""
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NOISE: Final = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(slots=True)
class Member:
    """A file in a ZIP; `data` is all of it."""

    name: str
    data: bytes


class Unpacker:
    """Reads the members of a ZIP, and of those in it, into `MOST_BYTES` of memory."""

    def __init__(self) -> None:
        self.room = MOST_BYTES
        self.members = 0

    def unpack(self, file: BinaryIO | str, depth: int = 1) -> Iterator[Member]:
        """The files, in the order of their names. Raises `SheetError` for a ZIP that is broken, encrypted or a bomb."""
        with _broken_is_unreadable(), zipfile.ZipFile(file) as archive:
            infos = [info for info in archive.infolist() if not _is_noise(info)]
            self.members += len(archive.infolist())
            if self.members > MOST_MEMBERS:
                raise SheetError(RESOURCE_LIMIT, f"The ZIP has more than {MOST_MEMBERS:,} members.")
            for info in sorted(infos, key=lambda info: info.filename):
                data = self._read(archive, info)
                if data.startswith(b"PK\x03\x04") and depth < _DEEPEST:
                    yield from self.unpack(io.BytesIO(data), depth + 1)
                else:
                    yield Member(PurePosixPath(info.filename.replace("\\", "/")).name, data)

    def _read(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        if info.flag_bits & _ENCRYPTED:
            raise SheetError(FILE_ENCRYPTED, "The ZIP is protected by a password.")
        if info.compress_type not in _METHODS:
            raise SheetError(FILE_UNREADABLE, "The ZIP is packed in a way that is not read.")
        with archive.open(info) as member:
            data = member.read(self.room + 1)
        self.room -= len(data)
        if self.room < 0:
            raise SheetError(RESOURCE_LIMIT, f"The ZIP unpacks to more than {MOST_BYTES // MIB} MB.")
        return data


def _is_noise(info: zipfile.ZipInfo) -> bool:
    """Folders, and what systems put beside files: resource forks, thumbnails, hidden files."""
    parts = info.filename.replace("\\", "/").split("/")
    return info.is_dir() or parts[0] in _NOISE or parts[-1] in _NOISE or parts[-1].startswith(".") or not parts[-1]


@contextmanager
def _broken_is_unreadable() -> Iterator[None]:
    """What `zipfile` raises for a damaged file, whichever part of it is damaged."""
    damage = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, ValueError)
    try:
        yield
    except damage as error:
        raise SheetError(FILE_UNREADABLE, "The ZIP is damaged or cut off.") from error
