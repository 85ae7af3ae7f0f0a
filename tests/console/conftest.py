"""A browser, and result sheets to give to the console."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.extractions.sheets import Drawing

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"the console's tests need Chromium, and {CHROMIUM} does not exist: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


def _sheet(event: str, *rows: tuple[str, str, str]) -> Drawing:
    drawing = Drawing().page().line(event).heads()
    for place, name, final in rows:
        drawing.row(place, name, "16", "Lakeside Aquatic Club", seed="2:05.00", final=final)
    return drawing


@pytest.fixture
def sheet_folder(tmp_path: Path) -> Path:
    """Three result sheets; two of them name Maya Lindqvist."""
    sheets = {
        "Lakeside freestyle.pdf": _sheet(
            "Event 12 Women 200 Yard Freestyle", ("1", "Lindqvist, Maya", "1:48.62"), ("2", "Okafor, Ada", "1:50.11")
        ),
        "Lakeside medley.pdf": _sheet(
            "Event 14 Women 200 Yard IM", ("1", "Okafor, Ada", "2:01.40"), ("2", "Lindqvist, Maya", "2:03.95")
        ),
        "Lakeside butterfly.pdf": _sheet("Event 16 Women 100 Yard Butterfly", ("1", "Okafor, Ada", "54.31")),
    }
    for name, drawing in sheets.items():
        drawing.save(tmp_path / name)
    return tmp_path
