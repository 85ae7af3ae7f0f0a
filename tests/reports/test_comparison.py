"""A report beside an earlier one: schema drift, rows, ranges and gaps, as JSON and as a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from app.reports.comparison import compare
from tests.auth.people import caller, key_of
from tests.conftest import Api
from tests.console.conftest import ARGUMENTS, CHROMIUM
from tests.reports.tables import report_on
from tests.reports.test_batch_page import wrong_in
from tests.reports.test_html_page import hostile_table

MARCH = b"id,place,price\n" + b"".join(b"%d,shelf,%d.5\n" % (n, n) for n in range(1, 11))
APRIL = b"id,place,price\n" + b"".join(b"%d,,%d.5\n" % (n, n * 2) for n in range(1, 16))
MAY = b"id,price,colour\n" + b"".join(b"X%d,%d.5,red\n" % (n, n) for n in range(1, 11))


async def report_of(api: Api, name: str, content: bytes) -> str:
    (file,) = (await report_on(api, [(name, content)]))[1]
    return str(file["report_id"])


async def comparison(api: Api, report: str, query: str = "") -> dict[str, Any]:
    reply = await api.get(f"/api/reports/{report}/comparison{query}")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def test_the_newest_earlier_report_of_the_same_columns_is_the_default(api: Api) -> None:
    first = await report_of(api, "march.csv", MARCH)
    reply = await api.get(f"/api/reports/{first}/comparison")
    assert (reply.status_code, reply.json()["code"]) == (404, "earlier_report_not_found")
    await report_of(api, "april.csv", b"other,columns\n1,2\n")
    april = await report_of(api, "april.csv", APRIL)
    assert (await api.get(f"/api/reports/{april}")).json()["earlier_report_id"] == first
    assert (await api.get(f"/api/reports/{first}")).json()["earlier_report_id"] is None
    found = await comparison(api, april)
    assert (found["found_by"], found["before"]["id"], found["after"]["id"]) == ("columns", first, april)
    assert found["rows"] == {"before": 10, "after": 15, "difference": 5, "change": 0.5}
    assert found["schema_drift"] == {"added": [], "removed": [], "type_changed": [], "order_changed": False}
    by_name = {column["name"]: column for column in found["columns"]}
    assert by_name["place"]["before"]["null_share"] == 0
    assert by_name["place"]["after"]["null_share"] == 1
    assert (by_name["price"]["out_of_range"], by_name["price"]["after"]["max"]) == (True, 30.5)
    may = await report_of(api, "april.csv", MAY)
    found = await comparison(api, may)
    assert (found["found_by"], found["before"]["id"]) == ("file_name", april)


async def test_schema_drift_with_a_report_that_is_named(api: Api) -> None:
    before, after = await report_of(api, "a.csv", MARCH), await report_of(api, "b.csv", MAY)
    found = await comparison(api, after, f"?with={before}")
    drift = found["schema_drift"]
    assert [column["name"] for column in drift["added"]] == ["colour"]
    assert [column["name"] for column in drift["removed"]] == ["place"]
    assert drift["type_changed"] == [{"name": "id", "before": "integer", "after": "text"}]
    (identity, _) = found["columns"]
    assert (identity["drift"], identity["out_of_range"]) == (["type"], False)
    assert [column["name"] for column in (await comparison(api, before, f"?with={after}"))["columns"]] == [
        "id",
        "price",
    ]


async def test_what_cannot_be_compared(api: Api) -> None:
    report = await report_of(api, "a.csv", MARCH)
    for query in ("with=x", "format=pdf"):
        assert (await api.get(f"/api/reports/{report}/comparison?{query}")).status_code == 422
    unknown = f"/api/reports/{report}/comparison?with={'0' * 32}"
    assert (await api.get(unknown)).json()["code"] == "report_not_found"
    async with caller(api, await key_of(api, "Second")) as second:
        (own,) = (await report_on(api, [("own.csv", MARCH)]))[1]
        assert (await second.get(f"/api/reports/{report}/comparison")).status_code == 404
        assert (await second.get(f"/api/reports/{own['report_id']}/comparison?with={report}")).status_code == 404


async def test_the_page(api: Api, tmp_path: Path) -> None:
    before, after = await report_of(api, "old.csv", hostile_table()), await report_of(api, "a.csv", MARCH)
    path = f"/api/reports/{after}/comparison?with={before}"
    page = await api.get(path, headers={"Accept": "text/html"})
    assert "default-src 'none'; style-src 'sha256-" in page.headers["content-security-policy"]
    assert not set(re.findall(r"<\s*([a-zA-Z]+)", page.text)) & {"script", "img", "iframe", "object", "embed", "form"}
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} does not exist")
    saved = tmp_path / "comparison.html"
    saved.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.text), "utf-8")
    async with async_playwright() as started:
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width, scheme in ((390, "light"), (1400, "dark")):
            tab = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            await tab.goto(saved.as_uri())
            assert await wrong_in(tab) == []
        await browser.close()


def test_columns_in_another_order_and_problems_are_told() -> None:
    def report(*names: str, **problems: Any) -> dict[str, Any]:
        return {"rows": 0, "problems": problems, "columns": [{"name": name, "type": "text"} for name in names]}

    found = compare(report("a", "b", ragged_rows=2, ragged=[]), report("b", "a"))
    assert found["schema_drift"]["order_changed"]
    assert found["problems"] == {"ragged_rows": {"before": 2, "after": 0, "difference": -2, "change": -1.0}}
    assert found["rows"]["change"] is None
