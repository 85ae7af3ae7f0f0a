"""Which columns of which files have gaps, as one small drawing: a path for each degree of missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.reports.side_by_side import TableFile

MOST_COLUMNS, MOST_FILES = 200, 500
DEGREES: Final = ((0.05, "up to 5 %"), (0.25, "up to 25 %"), (0.75, "up to 75 %"), (1.0, "more"))
MOST_LISTED: Final = 12
_WIDTH, _LABELS = 720, 150
_MOST_NAMED_FILES, _MOST_NAMED_COLUMNS = 60, 40


@dataclass(frozen=True, slots=True)
class MissingMap:
    """`paths` has the class and the data of a path for each degree, in cells; labels have the number of their cell."""

    files: int
    columns: int
    cell_width: float
    cell_height: float
    left: int
    top: int
    width: float
    height: float
    paths: Sequence[tuple[str, str]]
    file_labels: Sequence[tuple[float, str]]
    column_labels: Sequence[tuple[float, str]]
    worst: Sequence[dict[str, Any]]


def missing_map(files: Sequence[TableFile], names: Sequence[str]) -> MissingMap | None:
    """The map of the first files and columns; None when nothing is missing anywhere."""
    files, names = files[:MOST_FILES], names[:MOST_COLUMNS]
    runs: dict[str, list[str]] = {}
    worst: list[dict[str, Any]] = []
    for y, file in enumerate(files):
        degrees = [_degree(file, name) for name in names]
        for start, length, degree in _runs(degrees):
            runs.setdefault(degree, []).append(f"M{start} {y}h{length}v1h-{length}z")
        worst += _gaps(file, names)
    if not runs:
        return None
    worst.sort(key=lambda gap: -gap["share"])
    left = _LABELS if len(files) <= _MOST_NAMED_FILES else 0
    longest = max(len(_short(name, 14)) for name in names)
    top = 14 + 5 * longest if len(names) <= _MOST_NAMED_COLUMNS else 0
    cell_width = max(1.5, min(26.0, (_WIDTH - left) / max(1, len(names))))
    cell_height = 14.0 if left else max(1.0, min(6.0, 600 / len(files)))
    return MissingMap(
        files=len(files),
        columns=len(names),
        cell_width=round(cell_width, 3),
        cell_height=round(cell_height, 3),
        left=left,
        top=top,
        width=max(round(left + cell_width * len(names) + (60 if top else 0), 1), 240),
        height=round(top + cell_height * len(files), 1),
        paths=[(degree, "".join(parts)) for degree, parts in sorted(runs.items())],
        file_labels=[(y, _short(file.name, 22)) for y, file in enumerate(files)] if left else (),
        column_labels=[(x, _short(name, 14)) for x, name in enumerate(names)] if top else (),
        worst=worst[:MOST_LISTED],
    )


def _degree(file: TableFile, name: str) -> str:
    facts = file.columns.get(name)
    if facts is None:
        return "absent"
    share = facts.get("null_share", 0.0)
    return "" if not share else f"m{next(place for place, (most, _) in enumerate(DEGREES) if share <= most)}"


def _runs(degrees: Sequence[str]) -> list[tuple[int, int, str]]:
    found, start = [], 0
    for place in range(1, len(degrees) + 1):
        if place == len(degrees) or degrees[place] != degrees[start]:
            if degrees[start]:
                found.append((start, place - start, degrees[start]))
            start = place
    return found


def _gaps(file: TableFile, names: Sequence[str]) -> list[dict[str, Any]]:
    shares = ((name, file.columns[name].get("null_share", 0.0)) for name in names if name in file.columns)
    own = sorted(((share, name) for name, share in shares if share), reverse=True)[:MOST_LISTED]
    return [{"file": file.name, "column": name, "share": share} for share, name in own]


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
