"""The page of a batch: its files side by side, for people, printers and screen readers, and of a sensible size."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, async_playwright
from sqlalchemy import text

from app.reports.batch_page import FileRow, make_page
from app.reports.html_page import render_batch
from app.reports.missing_map import missing_map
from app.reports.side_by_side import BINS, MOST_RANGES, TableFile, across, place_of
from tests.auth.people import caller, key_of
from tests.conftest import Api
from tests.console.conftest import ARGUMENTS, CHROMIUM
from tests.reports.tables import PEOPLE, report_on
from tests.reports.test_html_page import HOSTILE, hostile_table

SALES = b"id,sold,price\n" + b"".join(b"%d,2024-01-%02d,%d.5\n" % (n, n % 28 + 1, n * 3) for n in range(1, 60))
STOCK = b"id,sold,price,place\n" + b"".join(b"%d,2024-02-%02d,,shelf %d\n" % (n, n % 28 + 1, n) for n in range(1, 40))


async def page_of(api: Api, files: list[tuple[str, bytes]]) -> tuple[str, str]:
    """The path of a batch report, and its page."""
    batch, _ = await report_on(api, files, name="Spring & co")
    path = f"/api/batch-reports/{batch['id']}"
    reply = await api.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert reply.status_code == 200, reply.text
    return path, reply.text


async def test_a_page_or_json_by_accept_or_by_format(api: Api) -> None:
    path, _ = await page_of(api, [("a.csv", SALES)])
    for query, accept, kind in (
        ("", "*/*", "application/json"),
        ("?format=html", "*/*", "text/html; charset=utf-8"),
        ("?format=json", "text/html", "application/json"),
        ("", "text/html", "text/html; charset=utf-8"),
    ):
        reply = await api.get(path + query, headers={"Accept": accept})
        assert (reply.headers["content-type"], reply.headers["vary"]) == (kind, "Accept")
    assert "default-src 'none'; style-src 'sha256-" in reply.headers["content-security-policy"]
    assert (await api.get(f"{path}?format=pdf")).status_code == 422
    async with caller(api, await key_of(api, "Second")) as second:
        assert (await second.get(f"{path}?format=html")).status_code == 404


async def test_what_the_page_says(api: Api) -> None:
    _, page = await page_of(api, [("sales.csv", SALES), ("stock.csv", STOCK), ("bad.csv", b"")])
    for said in ("Spring &amp; co", "sales.csv", "EMPTY_FILE", "3</b> columns are in all files", "stock.csv"):
        assert said in page, said
    assert re.search(r'<th scope="row">place</th><td class="count">1</td><td>stock\.csv</td>', page)
    assert re.search(r'<th scope="row">stock\.csv</th><td>price</td><td class="count">100 %</td>', page)
    assert 'aria-label="What id spans in each file, and its mean"' in page


async def test_reports_that_are_gone_are_said_to_be(api: Api) -> None:
    path, _ = await page_of(api, [("sales.csv", SALES), ("stock.csv", STOCK)])
    files = (await api.get(f"{path}/files")).json()["files"]
    await api.delete(f"/api/reports/{files[0]['report_id']}")
    page = (await api.get(f"{path}?format=html")).text
    assert "Compared are the reports that are still there: 1." in page


async def test_a_summary_that_is_missing_is_made_of_what_there_is(api: Api) -> None:
    path, _ = await page_of(api, [("sales.csv", SALES), ("people.csv", PEOPLE)])
    async with api.installation.database.transaction() as session:
        await session.execute(
            text("update batches set summary_data = null where id = :id"), {"id": path.rpartition("/")[2]}
        )
    page = (await api.get(f"{path}?format=html")).text
    assert "<dt>Rows</dt><dd>62</dd>" in page


async def test_hostile_names_and_values_stay_text(api: Api) -> None:
    name = "<b>'\"&.csv"
    _, page = await page_of(api, [(name, hostile_table()), ("other.csv", SALES)])
    assert not set(re.findall(r"<\s*([a-zA-Z]+)", page)) & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "link",
        "form",
    }
    assert not re.search(r"<[^>]*\son\w+\s*=[^>]*>", re.sub(r'"[^"]*"', '""', page))
    assert html.escape(name, quote=False).split("'")[0] in page
    assert all(html.escape(one, quote=False).split("'")[0].split('"')[0] in page for one in HOSTILE)


async def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(api: Api, tmp_path: Path) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} does not exist")
    _, page = await page_of(api, [("sales.csv", SALES), ("stock.csv", STOCK), ("bad.csv", b"")])
    saved = tmp_path / "batch.html"
    # axe is a script, which the page's own policy would refuse.
    saved.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page), "utf-8")
    async with async_playwright() as started:
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width in (390, 800, 1400):
            for scheme in ("light", "dark"):
                tab = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                await tab.goto(saved.as_uri())
                assert await wrong_in(tab) == []
                await tab.close()
        await browser.close()


async def wrong_in(tab: Page) -> list[str]:
    await tab.evaluate(AXE_SCRIPT)
    found = await tab.evaluate("axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)")
    wrong = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]
    if not await tab.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        wrong.append("wider than the screen")
    return wrong


def facts(number: int) -> dict[str, Any]:
    numeric = {"min": number, "max": 100 + number, "mean": 50.5 + number, "bins": [5] * 20}
    return {"type": "number", "null_share": 0.25, "distinct": 9, "from": number, "to": 100 + number} | numeric


def test_a_large_batch_is_a_page_of_a_sensible_size() -> None:
    columns = [{"name": f"column {place}", **facts(place)} for place in range(100)]
    essence = [{"name": column["name"], "type": "number", "null_share": 0.25, "mean": 1.0} for column in columns]
    read = {"rows": 1000, "column_count": 100, "file_size": 9, "format": "csv", "problems": {}, "columns": essence}
    result, outline = json.dumps(read | {"confidence": "high", "notes": []}), json.dumps({"columns": columns})
    rows = [FileRow(n, f"file {n}.csv", "completed", None, None, result, outline) for n in range(1, 501)]
    batch = {"name": "Big", "status": "completed", "total_files": 900, "failed_files": 0, "summary_data": None}
    page = render_batch(make_page(batch | {"created_at": datetime.now(UTC)}, rows))
    assert len(page) < 1_500_000
    assert "The first 500 of 900 files are compared on this page" in page


def test_histograms_of_files_are_put_together_on_one_axis() -> None:
    files = [TableFile(n, f"{n}.csv", 100, {"price": facts(n * 100)}) for n in range(3)]
    (price,) = across(files)
    assert (price.least, price.greatest, price.mean) == (0, 300, 150.5)
    assert (len(price.bins), round(sum(price.bins))) == (BINS, 300)
    assert price.bins == pytest.approx([300 / BINS] * BINS)
    many = across([TableFile(n, f"{n}.csv", 1, {"price": facts(n)}) for n in range(100)])[0]
    assert [each.file.sequence for each in many.ranges] == [*range(12), *range(88, 100)]
    assert (len(many.ranges), many.ranged_files) == (MOST_RANGES, 100)


def test_types_that_differ_are_not_on_one_axis() -> None:
    words = {"type": "text", "null_share": 0.0, "distinct": 3, "min": "a", "max": "z"}
    (mixed,) = across([TableFile(1, "1", 5, {"a": facts(0)}), TableFile(2, "2", 5, {"a": facts(1)})])
    (text_only,) = across([TableFile(1, "1", 5, {"a": words})])
    (both,) = across([TableFile(n, "", 5, {"a": one}) for n, one in enumerate((facts(0), facts(1), words))])
    assert (mixed.ranged_files, text_only.ranges, both.ranged_files, dict(both.types)) == (
        *(2, [], 2),
        {"number": 2, "text": 1},
    )


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (3, 3.0),
        ("12345678901234567890", 12345678901234567890.0),
        ("1970-01-02", 86_400.0),
        ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        (True, None),
        (None, None),
        ("word", None),
        ("2024-99-99", None),
        ("9" * 400, None),
        (float("nan"), None),
    ],
)
def test_where_a_value_stands_on_an_axis(value: Any, place: float | None) -> None:
    assert place_of(value) == place


def test_the_map_tells_degrees_of_missing_and_columns_that_are_not_there() -> None:
    def file(**shares: float) -> TableFile:
        return TableFile(1, "a.csv", 10, {name: {"null_share": share} for name, share in shares.items()})

    found = missing_map([file(a=0.0, b=1.0, c=1.0), file(a=0.01)], ["a", "b", "c"])
    assert found
    assert dict(found.paths) == {"absent": "M1 1h2v1h-2z", "m0": "M0 1h1v1h-1z", "m3": "M1 0h2v1h-2z"}
    assert [(gap["column"], gap["share"]) for gap in found.worst] == [("c", 1.0), ("b", 1.0), ("a", 0.01)]
    assert missing_map([file(a=0.0)], ["a"]) is None
