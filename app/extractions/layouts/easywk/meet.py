"""What a protocol says of its meet: the name, the days, the pool."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from app.extractions.layouts.easywk.headings import is_event, is_foot, is_part, may_say
from app.extractions.pdf.page import PageLines

_PAGE: Final = re.compile(r"\s*[-–,|]?\s*\bSeite\s+\d+(?:\s*(?:/|von)\s*\d+)?$", re.IGNORECASE)
_MAY_HAVE_PAGE: Final = re.compile("seite")
_MAY_BE_POOL: Final = re.compile("bahn")
_KIND: Final = re.compile(r"\s*[-–,]?\s*(?:Protokoll|Ergebnisse)\s*$")
_NO_NAME: Final = re.compile(
    r"(?:vom|am|noch|Veranstalter|Ausrichter)\b|Jahrg[aä]ng|(?:Wettkampf)?protokoll$", re.IGNORECASE
)
_DATE: Final = re.compile(r"\d{1,2}\.\s?\d{1,2}\.\s?\d{4}")
_DAYS: Final = re.compile(rf"\b(?:vom\s+)?({_DATE.pattern})\s+(?:bis|-|–)\s+({_DATE.pattern})")
_POOL: Final = re.compile(
    r"\b(25|50)[\s-]?m(?:eter)?[\s-]*Bahn|Bahnl[äa]nge:?\s*(25|50)\s?m|\b(Kurz|Lang)bahn", re.IGNORECASE
)


def without_page(text: str) -> str:
    """The line without the number of the page at its end."""
    return _PAGE.sub("", text) if may_say(text, _MAY_HAVE_PAGE) else text


def titles(pages: list[PageLines]) -> frozenset[str]:
    """The lines at the top of the first page, without its number; the ones that every page repeats are no rankings."""
    texts: list[str] = []
    for line in pages[0].lines[:4]:
        if is_event(line.text) or is_part(line.text):
            break
        texts.append(without_page(line.text))
    return frozenset(texts)


def meet_name(pages: list[PageLines]) -> str | None:
    """The line with the number at the top of most pages; else the first line of the first page that can be a name."""
    tops = [line.text for page in pages for line in page.lines[:2]]
    heads = Counter(without_page(text) for text in tops if _PAGE.search(text) and not is_event(text))
    for text, _ in heads.most_common():
        if text and not _NO_NAME.match(text):
            return _KIND.sub("", text) or None
    for line in pages[0].lines[:6]:
        text = line.text
        if not (is_event(text) or is_part(text) or is_foot(text) or _NO_NAME.match(text)):
            return _KIND.sub("", text) or None
    return None


def dates(texts: list[str]) -> str | None:
    """The first and the last day: of the head (`vom ... bis ...`), of the parts, or the first date of the sheet."""
    for text in texts:
        if days := _DAYS.search(text):
            return f"{days[1]} - {days[2]}"
    parts = [date for text in texts if is_part(text) for date in _DATE.findall(text)]
    found = parts or [date for text in texts for date in _DATE.findall(text)][:1]
    if not found:
        return None
    return found[0] if found[0] == found[-1] else f"{found[0]} - {found[-1]}"


def course(texts: list[str]) -> str | None:
    """`SCM` or `LCM` where the length of the pool is said."""
    for text in texts:
        if may_say(text, _MAY_BE_POOL) and (found := _POOL.search(text)):
            return "SCM" if "25" in found.groups() or (found[3] or "").casefold() == "kurz" else "LCM"
    return None
