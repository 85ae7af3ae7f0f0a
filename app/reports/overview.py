"""What a batch of tables comes to, for people who open its shared page or read the mail at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.pipelines.contract import Overview, OverviewTable

MOST_ROWS, MOST_FILES = 50, 5
_MEASURES: Final = {"rows": "rows", "null_share": "missing", "mean": "mean"}


def overview_of(summary: Mapping[str, Any]) -> Overview:
    """Totals and how sure the readings are; then what contradicts, what stands out, and the worst files."""
    sure = summary.get("confidence", {})
    facts = [("Rows", f"{summary['total_rows']:,}"), ("Columns by name", f"{summary['total_columns']:,}")]
    for word, label in (("high", "Read surely"), ("check", "To check"), ("low", "Hardly read")):
        if sure.get(word):
            facts.append((label, f"{sure[word]:,}"))
    tables = (
        OverviewTable("Worst files", ("File", "What is wrong"), [*_worst(summary)][:MOST_ROWS], in_mail=True),
        OverviewTable("Conflicts", ("Column", "What differs", "In which files"), [*_conflicts(summary)][:MOST_ROWS]),
        OverviewTable("Outliers", ("File", "Column", "What", "Here", "Usual"), [*_outliers(summary)][:MOST_ROWS]),
        OverviewTable("Notes", ("Note", "Files"), [[code, str(count)] for code, count in summary["notes"].items()]),
    )
    return Overview(facts, [table for table in tables if table.rows])


def _worst(summary: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    for file in summary["worst_files"]:
        if "error_code" in file:
            yield _name(file), f"{file['error_code']}: {file['error_message'] or ''}"
            continue
        problems = [f"{name.replace('_', ' ')} {count:,}" for name, count in file["problems"].items()]
        yield _name(file), ", ".join([*file.get("notes", ()), *problems])


def _conflicts(summary: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    kinds = (("type_conflicts", "types", "type"), ("date_orders", "orders", "order of dates"))
    for member, by_value, what in (*kinds, ("unit_conflicts", "units", "unit")):
        for one in summary[member]:
            named = [f"{value or 'none'}: {_files(files)}" for value, files in one[by_value].items()]
            yield one["name"], what, "; ".join(named)


def _outliers(summary: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    for one in summary["outliers"]:
        share = one["measure"] == "null_share"
        values = [f"{value:.1%}" if share else f"{value:,.6g}" for value in (one["value"], one["usual"])]
        yield _name(one), one["column"] or "", _MEASURES[one["measure"]], *values


def _files(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_FILES]) + (", …" if len(names) > MOST_FILES else "")


def _name(file: Mapping[str, Any]) -> str:
    return file["file_name"] or f"File {file['processing_order']}"
