"""Files on their way: three at a time, paused and resumed, and tried again when the line breaks."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.console.conftest import Service, Visit

UPLOADS = re.compile(r"/api/files/")


def test_uploads_pause_resume_and_survive_a_broken_line(visit: Visit, service: Service) -> None:
    page = visit.page
    held: list[Route] = []
    page.route(UPLOADS, lambda route: held.append(route))  # neither answered nor refused
    page.goto(f"{service.url}/#/new?pipeline=checksum")
    files = [{"name": f"{number}.txt", "mimeType": "text/plain", "buffer": b"x" * number} for number in range(1, 5)]
    page.locator("input[type=file]").set_input_files(files)
    rows = page.locator(".uploads li")
    expect(rows.filter(has_text="Uploading")).to_have_count(3)
    expect(rows.filter(has_text="Queued")).to_have_count(1)

    page.get_by_role("button", name="Pause uploads").click()
    expect(rows.filter(has_text="Paused")).to_have_count(4)
    page.unroute(UPLOADS)
    page.route(UPLOADS, lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Resume uploads").click()
    expect(rows.filter(has_text="connection lost")).to_have_count(1)
    page.get_by_role("button", name="Start batch").click()
    expect(page.get_by_text("still uploading; the batch starts afterwards.")).to_be_visible()
    expect(page.get_by_text("4 of 4 complete")).to_be_visible()
    visit.problems = [one for one in visit.problems if "ERR_FAILED" not in one]  # the line that was broken
