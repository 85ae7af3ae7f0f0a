"""The batch's `summary_data`: its files side by side. Pure: job results in, JSON out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from app.reports.conflicts import MOST_COLUMNS, MOST_FILES_NAMED, date_orders, type_conflicts, unit_conflicts
from app.reports.notes import Confidence
from app.reports.outliers import outliers

MOST_WORST, MOST_TO_CHECK = 10, 500
DOUBT: Final = {"high": 0.0, "check": 0.1, "low": 10.0}
"""What a doubt about a whole file weighs beside the share of its rows that have problems."""
PROBLEMS: Final = (
    "ragged_rows",
    "duplicate_rows",
    "encoding_problems",
    "nul_bytes",
    "unclosed_quotes",
    "broken_lines",
)


def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Totals, how sure the readings are, shared and differing columns, what contradicts, and the worst files."""
    done = [job for job in jobs if job["status"] == "completed" and job["result"]]
    results = [job["result"] for job in done]
    owners: dict[str, list[str]] = defaultdict(list)
    for job in done:
        for name in dict.fromkeys(column["name"] for column in job["result"]["columns"]):
            owners[name].append(job["filename"] or "")
    shared = [name for name, files in owners.items() if len(files) == len(done)]
    differing = {name: files for name, files in owners.items() if len(files) < len(done)}
    sure = Counter(result.get("confidence") for result in results)
    doubtful = [job["sequence"] for job in done if job["result"].get("confidence") in ("check", "low")]
    noted = (dict.fromkeys(note["code"] for note in result.get("notes", ())) for result in results)
    return {
        "total_files": len(jobs),
        "successful_files": len(done),
        "failed_files": len(jobs) - len(done),
        "total_rows": sum(result["rows"] for result in results),
        "total_columns": len(owners),
        "total_cells": sum(result["rows"] * result["column_count"] for result in results),
        "total_size": sum(result["file_size"] for result in results),
        "formats": dict(Counter(result["format"] for result in results)),
        "encodings": dict(Counter(result["encoding"] for result in results if result.get("encoding"))),
        "problems": {name: sum(result["problems"].get(name, 0) for result in results) for name in PROBLEMS},
        "confidence": {word: sure[word] for word in get_args(Confidence)},
        "files_to_check": doubtful[:MOST_TO_CHECK],
        "notes": dict(Counter(code for codes in noted for code in codes)),
        "errors": dict(Counter(job["error_code"] for job in jobs if job["error_code"])),
        "shared_columns": shared[:MOST_COLUMNS],
        "differing_columns": [
            {"name": name, "files": len(files), "only_in": files[:MOST_FILES_NAMED]}
            for name, files in list(differing.items())[:MOST_COLUMNS]
        ],
        "type_conflicts": type_conflicts(done),
        "date_orders": date_orders(done),
        "unit_conflicts": unit_conflicts(done),
        "outliers": outliers(done),
        "worst_files": _worst(jobs),
    }


def _worst(jobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Failed files first, then those whose reading is hardly sure, then by the share of problems in their rows."""
    found: list[tuple[float, dict[str, Any]]] = []
    for job in jobs:
        entry = {"file_name": job["filename"], "processing_order": job["sequence"]}
        if job["error_code"]:
            message = {"error_code": job["error_code"], "error_message": job["error_message"]}
            found.append((float("inf"), entry | message))
        elif result := job["result"]:
            problems = {name: result["problems"][name] for name in PROBLEMS if result["problems"].get(name)}
            confidence = result.get("confidence", "high")
            if problems or confidence != "high":
                share = sum(problems.values()) / max(1, result["rows"])
                codes = [note["code"] for note in result.get("notes", ()) if note["confidence"] != "high"]
                told = {"problems": problems, "share": round(share, 4), "confidence": confidence, "notes": codes}
                found.append((DOUBT[confidence] + share, entry | told))
    found.sort(key=lambda scored: -scored[0])
    return [entry for _, entry in found[:MOST_WORST]]
