"""File names as people see them. A name is never a path: storage uses content addresses."""

from __future__ import annotations

import mimetypes
import re
import unicodedata

MAX_LENGTH = 255
_CONTROL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def display_name(name: str) -> str:
    """The last part of whatever a client sent, without control characters, at most 255 characters; never empty."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    clean = "".join(c for c in last if unicodedata.category(c) not in _CONTROL).strip()
    if clean in ("", ".", ".."):
        return "unnamed"
    stem, dot, suffix = clean.rpartition(".")
    if len(clean) > MAX_LENGTH and dot and len(suffix) < 20:
        return f"{stem[: MAX_LENGTH - len(suffix) - 1]}.{suffix}"
    return clean[:MAX_LENGTH]


def archive_name(name: str) -> str:
    """A display name that is also safe to unpack on any system: no reserved names, no characters Windows refuses."""
    safe = re.sub(r'[<>:"/\\|?*]', "_", display_name(name)).rstrip(". ") or "unnamed"
    return f"_{safe}" if _RESERVED.match(safe) else safe


def guess_media_type(name: str, declared: str | None = None) -> str:
    """The declared type when it is a plain `type/subtype`, else one guessed from the name."""
    plain = (declared or "").partition(";")[0].strip().lower()
    if re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}", plain) and plain != "application/octet-stream":
        return plain
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
