"""File names as people see them. A name is never a path: storage uses content addresses."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from collections.abc import Sequence

MAX_LENGTH = 255
MAX_ARCHIVE_BYTES = 240
"""Most file systems take 255 bytes; the rest is for a number that tells two equal names apart."""
_CONTROL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_PLAIN = re.compile(r"\w(?:[\w .()+,=@-]{0,150}[\w)+=@-])?", re.ASCII)
"""Names that nothing has to be done to, which most are: they are seen at a glance, and archives have thousands."""
_PLAIN_LINES = re.compile(
    r"(?:(?!(?:con|prn|aux|nul|(?:com|lpt)\d) *(?:\.|\n))\w(?:[\w .()+,=@-]{0,150}[\w)+=@-])?\n)*",
    re.ASCII | re.IGNORECASE,
)
"""Lines of plain names of which none is reserved: 10,000 are seen in 1.7 ms, one by one in 3.7."""
_RESERVED = re.compile(r"^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³]) *(\.|$)", re.IGNORECASE)


def display_name(name: str) -> str:
    """The last part of whatever a client sent, without control characters, at most 255 characters; never empty."""
    if _PLAIN.fullmatch(name):
        return name
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    clean = "".join(c for c in last if unicodedata.category(c) not in _CONTROL).strip()
    if clean in ("", ".", ".."):
        return "unnamed"
    stem, suffix = split_suffix(clean)
    return stem[: MAX_LENGTH - len(suffix)] + suffix


def split_suffix(name: str) -> tuple[str, str]:
    """A name before and from its last dot: `("a.tar", ".gz")`. What is too long for a suffix is none."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, f".{suffix}") if dot and stem and len(suffix) < 20 else (name, "")


def archive_name(name: str) -> str:
    """A display name that is also safe to unpack on any system: no reserved names, no characters Windows refuses,
    and no more bytes than a file system takes."""
    if _PLAIN.fullmatch(name) and not _RESERVED.match(name):
        return name
    safe = re.sub(r'[<>:"/\\|?*]', "_", display_name(name)).rstrip(". ") or "unnamed"
    stem, suffix = split_suffix(f"_{safe}" if _RESERVED.match(safe) else safe)
    room = MAX_ARCHIVE_BYTES - len(suffix.encode())
    return (stem.encode()[:room].decode(errors="ignore") + suffix).rstrip(". ")


def are_plain(names: Sequence[str]) -> bool:
    """Whether all are names that `display_name` and `archive_name` leave as they are. False may be a mistake."""
    lines = "\n".join([*names, ""])
    return _PLAIN_LINES.fullmatch(lines) is not None and lines.count("\n") == len(names)


def archive_names(names: Sequence[str]) -> Sequence[str]:
    """Each as `archive_name` makes it."""
    return names if are_plain(names) else [archive_name(name) for name in names]


def display_names(names: Sequence[str]) -> Sequence[str]:
    """Each as `display_name` makes it."""
    return names if are_plain(names) else [display_name(name) for name in names]


def guess_media_type(name: str, declared: str | None = None) -> str:
    """The declared type when it is a plain `type/subtype`, else one guessed from the name."""
    plain = (declared or "").partition(";")[0].strip().lower()
    if re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}", plain) and plain != "application/octet-stream":
        return plain
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
