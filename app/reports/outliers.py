"""Files of a batch that are unlike the others: by their rows, and by what is missing and the mean of each column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

FEWEST_FILES: Final = 5
"""With fewer files nothing can be said to be usual."""
FARTHEST: Final = 3.5
"""Deviations, by the median of all deviations (modified z-score), from which on a value is an outlier."""
SMALLEST_GAP: Final = 0.1
"""Shares of missing values that differ by less are alike, and so are numbers that differ by less of the median."""
MOST: Final = 50
_MAD_TO_DEVIATION: Final = 1.4826


def outliers(jobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The farthest first: file, `column` (None for the rows), `measure`, its `value` and the `usual` one."""
    measured: dict[tuple[str | None, str], list[tuple[float, Mapping[str, Any]]]] = defaultdict(list)
    for job in jobs:
        measured[None, "rows"].append((job["result"]["rows"], job))
        for column in job["result"]["columns"]:
            if "null_share" in column:
                measured[column["name"], "null_share"].append((column["null_share"], job))
            if isinstance(column.get("mean"), int | float):
                measured[column["name"], "mean"].append((column["mean"], job))
    found = [
        (
            score,
            {"file_name": job["filename"], "processing_order": job["sequence"], "column": name, "measure": measure}
            | {"value": value, "usual": usual},
        )
        for (name, measure), values in measured.items()
        if len(values) >= FEWEST_FILES
        for score, usual, value, job in _far(values, is_share=measure == "null_share")
    ]
    found.sort(key=lambda scored: -scored[0])
    return [entry for _, entry in found[:MOST]]


def _far(
    values: Sequence[tuple[float, Mapping[str, Any]]], *, is_share: bool
) -> list[tuple[float, float, float, Mapping[str, Any]]]:
    usual = median(value for value, _ in values)
    floor = SMALLEST_GAP if is_share else SMALLEST_GAP * abs(usual)
    spread = _MAD_TO_DEVIATION * median(abs(value - usual) for value, _ in values)
    least = max(FARTHEST * spread, floor)
    if not least:
        return []
    unit = spread or floor
    return [(abs(value - usual) / unit, usual, value, job) for value, job in values if abs(value - usual) > least]
