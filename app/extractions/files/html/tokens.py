"""The tags and texts of a page, in time that grows with its length whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final, NamedTuple

_START = re.compile(r"<(?=[A-Za-z/!?])")
_NAME = re.compile(r"/?[A-Za-z][A-Za-z0-9:-]{0,40}")
_ATTRIBUTE = re.compile(r"([A-Za-z][\w:-]{0,40})(?:\s{0,20}=\s{0,20}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_RAW: Final = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
"""What stands in these elements is no markup."""
_LONGEST_TAG: Final = 4000


class Token(NamedTuple):
    """A text (`tag` is empty), or a tag: `b`, or `/b` at its end. `value` is the text, or what stands in the tag."""

    tag: str
    value: str


def tokens(page: str) -> Iterator[Token]:
    """The tokens of a page without comments, scripts and styles; entities in texts are replaced."""
    position, size = 0, len(page)
    lower = page.lower()
    while position < size:
        found = _START.search(page, position)
        start = found.start() if found else size
        if start > position:
            yield Token("", unescape(page[position:start]))
        if start == size:
            return
        if page.startswith("<!--", start):
            position = _after(page, "-->", start + 4)
            continue
        name = _NAME.match(page, start + 1)
        if not name:
            if page[start + 1 : start + 2] in ("!", "?"):
                position = _after(page, ">", start)
            else:
                yield Token("", "<")
                position = start + 1
            continue
        end = _end_of_tag(page, name.end())
        tag = name[0].lower()
        yield Token(tag, page[name.end() : end])
        position = end + 1
        if tag in _RAW:
            position = lower.find(f"</{tag}", position)
            if position < 0:
                return


def attributes(inside: str) -> dict[str, str]:
    """The attributes in a tag, names in small letters."""
    found = _ATTRIBUTE.finditer(inside[:_LONGEST_TAG])
    return {one[1].lower(): unescape(one[2] or one[3] or one[4] or "") for one in found}


def _after(page: str, sign: str, start: int) -> int:
    found = page.find(sign, start)
    return len(page) if found < 0 else found + len(sign)


def _end_of_tag(page: str, start: int) -> int:
    """Where the `>` of a tag stands; one inside of quotes does not count unless the tag would not end soon."""
    first = end = page.find(">", start, start + _LONGEST_TAG)
    while end >= 0:
        inside = page[start:end]
        if inside.count('"') % 2 == 0 and inside.count("'") % 2 == 0:
            return end
        if end - first > 200:
            break
        end = page.find(">", end + 1, start + _LONGEST_TAG)
    return first if first >= 0 else min(len(page), start + _LONGEST_TAG)
