"""The report as a page: what it says, that hostile names stay text, and that it stands alone."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from app.reports.html_page import POLICY
from tests.conftest import Api
from tests.console.conftest import ARGUMENTS, CHROMIUM
from tests.reports.tables import report_on

HOSTILE = [
    "<script>document.title='run'</script>",
    '"><img src=x onerror="document.title=\'run\'">',
    "</title></style><svg onload=document.title='run'>",
    "{{ 7 * 7 }} ${7*7} javascript:document.title='run'",
]


def hostile_table() -> bytes:
    def row(cells: list[str]) -> str:
        return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)

    return "\n".join([row([*HOSTILE, "n"]), *(row([*HOSTILE, str(n)]) for n in range(30))]).encode()


async def hostile_page(api: Api) -> tuple[str, Any]:
    """The address of the report and the answer in HTML."""
    _, (file,) = await report_on(api, [("<b>'\"&.csv", hostile_table())])
    path = f"/api/reports/{file['report_id']}"
    return path, await api.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})


async def test_html_and_json_by_accept_or_by_format(api: Api) -> None:
    path, page = await hostile_page(api)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    for query, accept, kind in (
        ("", "*/*", "json"),
        ("?format=html", "*/*", "html"),
        ("?format=json", "text/html", "json"),
    ):
        reply = await api.get(path + query, headers={"Accept": accept})
        assert kind in reply.headers["content-type"]
    assert (await api.get(f"{path}?format=pdf")).status_code == 422


async def test_hostile_names_and_values_stay_text(api: Api) -> None:
    _, page = await hostile_page(api)
    tags = set(re.findall(r"<\s*([a-zA-Z]+)", page.text))
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "b", "form", "a"}
    assert not re.search(r"<[^>]*\son\w+\s*=[^>]*>", re.sub(r'"[^"]*"', '""', page.text))
    for name in HOSTILE:
        assert html.escape(name, quote=False).split("'")[0] in page.text.replace("&#34;", '"').replace("&#39;", "'")
    assert "49" not in page.text.split("<main>")[1].split("javascript")[0][-200:]


async def test_no_script_runs_in_a_browser_and_the_style_does(api: Api, tmp_path: Path) -> None:
    """As served, and as the file of the ZIP that is opened from a disk."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} does not exist")
    path, page = await hostile_page(api)
    saved = tmp_path / "report.html"
    saved.write_text(page.text, "utf-8")
    async with async_playwright() as started:
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(extra_http_headers={"Authorization": api.headers["Authorization"]})
        for address in (str(api.base_url.join(f"{path}?format=html")), saved.as_uri()):
            tab, said = await context.new_page(), []
            tab.on("console", lambda message, said=said: said.append(message.text))
            await tab.goto(address)
            assert (await tab.title()).endswith("&.csv: data report")
            assert await tab.locator("script, img").count() == 0
            assert await tab.locator("article").count() == 5
            style = "getComputedStyle(document.querySelector('.facts')).display"
            # A page that may not run scripts is asked by the debugger's own means.
            session = await context.new_cdp_session(tab)
            value = await session.send("Runtime.evaluate", {"expression": style})
            assert value["result"]["value"] == "flex"
            assert [text for text in said if "Refused" in text] == []
        await browser.close()


def test_the_policy_names_the_style_only() -> None:
    assert POLICY.count("'sha256-") == 1
    assert "script-src" not in POLICY
