"""The batch's `summary_data`: its files side by side. Pure: job results in, JSON out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

MOST_COLUMNS, MOST_FILES_NAMED, MOST_WORST = 500, 20, 10
PROBLEMS: Final = (
    "ragged_rows",
    "duplicate_rows",
    "encoding_problems",
    "nul_bytes",
    "unclosed_quotes",
    "broken_lines",
)


def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Totals, the columns that all files share and those that differ, types that contradict, and the worst files."""
    done = [job for job in jobs if job["status"] == "completed" and job["result"]]
    results = [job["result"] for job in done]
    types: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    owners: dict[str, list[str]] = defaultdict(list)
    for job in done:
        for column in job["result"]["columns"]:
            owners[column["name"]].append(job["filename"] or "")
            if column["type"] != "empty":
                types[column["name"]][column["type"]].append(job["filename"] or "")
    shared = [name for name, files in owners.items() if len(files) == len(done)]
    differing = {name: files for name, files in owners.items() if len(files) < len(done)}
    conflicts = {name: kinds for name, kinds in types.items() if len(kinds) > 1}
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
        "errors": dict(Counter(job["error_code"] for job in jobs if job["error_code"])),
        "shared_columns": shared[:MOST_COLUMNS],
        "differing_columns": [
            {"name": name, "files": len(files), "only_in": files[:MOST_FILES_NAMED]}
            for name, files in list(differing.items())[:MOST_COLUMNS]
        ],
        "type_conflicts": [
            {"name": name, "types": {kind: files[:MOST_FILES_NAMED] for kind, files in kinds.items()}}
            for name, kinds in list(conflicts.items())[:MOST_COLUMNS]
        ],
        "worst_files": _worst(jobs),
    }


def _worst(jobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Failed files first, then those with the largest share of problems in their rows."""
    found: list[tuple[float, dict[str, Any]]] = []
    for job in jobs:
        entry = {"file_name": job["filename"], "processing_order": job["sequence"]}
        if job["error_code"]:
            message = {"error_code": job["error_code"], "error_message": job["error_message"]}
            found.append((float("inf"), entry | message))
        elif job["result"]:
            counts = {name: job["result"]["problems"].get(name, 0) for name in PROBLEMS}
            problems = {name: count for name, count in counts.items() if count}
            if problems:
                share = sum(problems.values()) / max(1, job["result"]["rows"])
                found.append((share, entry | {"problems": problems, "share": round(share, 4)}))
    found.sort(key=lambda scored: -scored[0])
    return [entry for _, entry in found[:MOST_WORST]]
