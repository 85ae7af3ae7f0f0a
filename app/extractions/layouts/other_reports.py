"""Sheets that look like results and are none: start, entry and psych lists, top times, certificates, scores, medals."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from app.extractions.layouts.hytek.columns import reading_order
from app.extractions.layouts.hytek.headings import ends_results, is_licence, read_meet
from app.extractions.layouts.hytek.table_headers import read_table_header
from app.extractions.layouts.report_kinds import REASONS, RESULTS, kind_of_title
from app.extractions.pdf.page import Line, PageLines, Pages
from app.extractions.reading_report import looks_like_result
from app.extractions.swims import Sheet

_TOP_LINES: Final = 12
_SURE: Final = 0.9
_ENTRIES: Final = ("start_list", "entry_list", "psych_sheet")
_BESIDE_RESULTS: Final = ("scores", "records", "medals", "rankings", "schedule")
"""Kinds of which whole pages or lines stand in sheets with results too."""
_MOST_HEADS: Final = 16  # words of a table's head
_SEED: Final = re.compile(
    r"\b(?:(?:Seed|Entry)(?: Times?)?|Meldezeit|(?:Tiempo (?:de |para )?)?(?:Inscripci[óo]n|Sembrado)|Sembrar"
    r"|(?:Temps )?d['’]engagement|Engagement|(?:Tempo (?:de |d['’])?)?Inscriç[ãa]o"
    r"|(?:Tempo (?:di |d['’])?)?Iscrizione)\b",
    re.IGNORECASE,
)
_RESULT: Final = re.compile(
    r"\b(?:Official|Final(?:s|es|e)?|Prelims?|Results?|Endzeit|Ergebnis|Resultado|Résultat|Risultato)\b", re.IGNORECASE
)
_TIME: Final = re.compile(r"\b(?:Time|Zeit|Tiempo|Temps|Tempo)\b", re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_NAME: Final = re.compile(
    r"\b(?:Name|Swimmer|Athlete|Team|School|Club|Schwimmer(?:in)?|Verein|Nombre|Nadador|Equipo|Nom|Nageur|[ÉE]quipe|Nome"
    r"|Atleta|Clube|Società)\b",
    re.IGNORECASE,
)
_LANE: Final = re.compile(r"\b(?:Lane|Bahn|Calle|Carril|Couloir|Ligne|Raia|Pista|Corsia)\b", re.IGNORECASE)


class _Heads(NamedTuple):
    """What the heads of all tables name: results, times that may be results, times of entries."""

    results: bool = False
    times: bool = False
    entries: bool = False


def recognise(pages: Pages) -> float:
    """Sure when the title or the tables say that the sheet holds no results of a meet; the words for scores, records
    and the like stand on sheets with results too.
    """
    layout = _layout(pages)
    if layout is None:
        return 0.0
    if layout in _ENTRIES and _is_to_be_filled_in(pages):
        return 1.0  # whatever its tables have columns for
    return 0.65 if layout in _BESIDE_RESULTS else _SURE


def most(pages: Pages) -> float:
    """The most that `recognise` could say."""
    return 1.0 if _is_to_be_filled_in(pages) else _SURE


def read(pages: Pages) -> Sheet:
    """The sheet without swims, with the reason why."""
    layout = _layout(pages) or "unknown"
    header = [line.text for line in reading_order(pages)[0].header]
    meet, dates = read_meet(header) if layout in _ENTRIES else (None, None)
    return Sheet(meet, dates, None, layout, len(pages), reason=REASONS.get(layout))


def _layout(pages: Pages) -> str | None:
    top = _top(pages.lines(2))
    kinds = [kind for line in top if (kind := kind_of_title(line) or ("scores" if ends_results(line.text) else None))]
    kind = next((kind for kind in kinds if kind != RESULTS), None)
    licensed = any(is_licence(line.text) for line in top)
    if kind in ("top_times", "certificate") and any("TEAM MANAGER" in line.text.upper() for line in top):
        return kind
    if kind in _ENTRIES and RESULTS not in kinds and _is_to_be_filled_in(pages):
        return kind
    heads = _heads(pages)
    if heads.results or (kind in _BESIDE_RESULTS and RESULTS in kinds and not licensed):
        return None
    if kind is None and RESULTS not in kinds and heads.entries and not heads.times:
        return "start_list"
    return kind


def _is_to_be_filled_in(pages: Pages) -> bool:
    """Whether rows have a rule in the place of a result, as on lists that are laid out at the pool."""
    lines = [line for page in pages.lines(1) for line in page.lines]
    return sum(line.text.count("_____") > 0 for line in lines) > 1


def _top(pages: list[PageLines]) -> list[Line]:
    """The lines above the first table or row, of the first page that has any."""
    for page in pages:
        top: list[Line] = []
        for line in page.lines[:_TOP_LINES]:
            if _is_head(line) or looks_like_result(line):
                break
            top.append(line)
        if top:
            return top
    return []


def _is_head(line: Line) -> bool:
    return (
        len(line.words) <= _MOST_HEADS
        and not _DIGIT.search(line.text)
        and _NAME.search(line.text) is not None
        and any(pattern.search(line.text) for pattern in (_SEED, _RESULT, _LANE, _TIME))
    )


def _heads(pages: Pages) -> _Heads:
    heads = _Heads()
    for page in reading_order(pages):
        for line in page.body:
            header = read_table_header(line)
            if header and header.result and _RESULT.search(line.text):
                return _Heads(results=True)
            if header:
                entries = header.column("seed") is not None
                heads = heads._replace(times=heads.times or header.result is not None, entries=heads.entries or entries)
            if _is_head(line):
                rest = _SEED.sub("", line.text)
                if _RESULT.search(rest):
                    return _Heads(results=True)
                times, entries = _TIME.search(rest) is not None, rest != line.text
                heads = heads._replace(times=heads.times or times, entries=heads.entries or entries)
    return heads
