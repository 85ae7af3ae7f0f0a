"""Pages of docs/ that are in part made from the code: `script/docs` writes them anew, and a test holds them to it.

A made part stands between `<!-- generated: name -->` and `<!-- end -->`; the rest of a page is written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from app.commands.audit_page import audit_tables
from app.commands.errors_page import errors_tables
from app.commands.metrics_page import metrics_tables
from app.commands.settings_page import settings_tables
from app.commands.states_page import states_parts
from app.events.openapi_docs import tables_of_page

DOCS: Final = Path(__file__).resolve().parent.parent.parent / "docs"
PAGES: Final[Mapping[str, Callable[[], Mapping[str, str]]]] = {
    "audit.md": audit_tables,
    "errors.md": errors_tables,
    "events.md": tables_of_page,
    "metrics.md": metrics_tables,
    "settings.md": settings_tables,
    "states.md": states_parts,
}
"""For each page the function that makes its parts, by their names."""


def filled(page: str, parts: Mapping[str, str]) -> str:
    """The page with these parts; raises ValueError when it has no place for one of them."""
    for name, text in parts.items():
        begin, end = f"<!-- generated: {name} -->\n", "\n<!-- end -->"
        before, found, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        if not (found and ended):
            raise ValueError(f"the page has no place for {name}")
        page = f"{before}{begin}{text}{end}{after}"
    return page


def write_pages() -> None:
    """Bring every page in `DOCS` up to date."""
    for name, parts in PAGES.items():
        page = DOCS / name
        page.write_text(filled(page.read_text("utf-8"), parts()), "utf-8")


if __name__ == "__main__":
    write_pages()
