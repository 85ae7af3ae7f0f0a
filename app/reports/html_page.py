"""A report as one HTML page that prints well and stands alone: its style is inside it, and no script may run in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.reports.batch_page import BatchPage
from app.reports.charts import bars_of, columns_of, heights_of, share_of, spans_of
from app.reports.missing_map import DEGREES
from app.reports.notes import CODES, Confidence

TEMPLATES: Final = Path(__file__).parent / "templates"
STYLE: Final = (TEMPLATES / "report.css").read_text("utf-8")
_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
"""Nothing but this style sheet, known by its hash. The page says so itself too, for when it is opened from a disk."""
HEADERS: Final = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'self'; sandbox allow-modals allow-popups allow-downloads",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}
PROBLEM_TITLES: Final = {
    "ragged_rows": "Rows too long or too short",
    "trailing_delimiters": "Rows with delimiters at the end",
    "blank_lines": "Blank lines",
    "encoding_problems": "Bytes outside the encoding",
    "nul_bytes": "NUL bytes",
    "unclosed_quotes": "Quotes that never close",
    "broken_lines": "Lines that are no JSON",
    "records_not_objects": "Records that are no objects",
    "duplicate_rows": "Rows that stand there before",
}
LINES_OF: Final = {
    "encoding_problems": "encoding_problem_lines",
    "nul_bytes": "nul_byte_lines",
    "unclosed_quotes": "unclosed_quote_lines",
    "broken_lines": "broken_line_numbers",
}
SHOWN: Final = 20


def number(value: Any) -> str:
    """A number for people: thousands apart, no more digits than say something."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.1f}" if abs(value) < 1e12 else f"{value:.4g}"


def percent(share: float) -> str:
    """A share for people; what is not quite nothing or all does not look like it."""
    if 0 < share < 0.001 or 0.999 < share < 1:
        return "< 0.1 %" if share < 0.5 else "> 99.9 %"
    return f"{share:.0%}".replace("%", " %") if share in (0, 1) else f"{share * 100:.1f} %"


def size(value: int) -> str:
    """Bytes for people."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value} B"


def sureness(note: Mapping[str, Any]) -> Confidence:
    """The confidence that a note gives."""
    return CODES.get(note["code"], "check")


def _problems(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, title in PROBLEM_TITLES.items():
        count = report["problems"].get(name, 0)
        if not count:
            continue
        if name == "ragged_rows":
            places = [f"line {row['line']}: {row['fields']} fields" for row in report["problems"]["ragged"][:SHOWN]]
        elif name == "duplicate_rows":
            listed = report["problems"].get("duplicates", [])[:SHOWN]
            places = [f"row {row['row']}: {row['repeats']} more" for row in listed]
        else:
            places = [f"line {line}" for line in report["problems"].get(LINES_OF.get(name, ""), [])[:SHOWN]]
        found.append({"title": title, "count": count, "places": places})
    return found


_environment: Final = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_environment.filters |= {"number": number, "size": size, "percent": percent, "sureness": sureness}
_environment.globals |= {"bars_of": bars_of, "columns_of": columns_of, "share_of": share_of}
_environment.globals |= {"heights_of": heights_of, "spans_of": spans_of, "DEGREES": DEGREES}


def render_report(report: Mapping[str, Any]) -> str:
    """The page of a report: its facts, its problems, and each column with its charts. Every value is escaped."""
    template = _environment.get_template("report.html")
    noted = [column["name"] for column in report["columns"] if column.get("notes")]
    return template.render(report=report, problems=_problems(report), noted_columns=noted, style=STYLE, policy=POLICY)


def render_batch(page: BatchPage) -> str:
    """The page of a batch: its files side by side. Every value is escaped."""
    template = _environment.get_template("batch_report.html")
    return template.render(page=page, titles=PROBLEM_TITLES, style=STYLE, policy=POLICY)


def render_comparison(comparison: Mapping[str, Any]) -> str:
    """The page of a report beside an earlier one. Every value is escaped."""
    template = _environment.get_template("comparison.html")
    return template.render(found=comparison, titles=PROBLEM_TITLES, style=STYLE, policy=POLICY)
