"""The console as a person uses it, in a real browser against a running service."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Service, Visit


def _start_batch(page: Page, files: list[Path], name: str) -> None:
    page.get_by_role("main").get_by_role("link", name="New batch").first.click()
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text("Uploaded", exact=True)).to_have_count(len(files))
    page.get_by_role("radio", name=re.compile("Result sheets")).first.check()
    page.get_by_role("textbox", name=re.compile("swimmer", re.IGNORECASE)).fill("Maya Lindqvist")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Start batch").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_submit_watch_and_take_results(visit: Visit, service: Service, sheet_folder: Path, tmp_path: Path) -> None:
    page = visit.page
    page.goto(service.url)
    _start_batch(page, sorted(sheet_folder.glob("*.pdf")), "Lakeside walk")
    expect(page.get_by_text("3 of 3 complete")).to_be_visible()
    expect(page.locator(".batch-title .state")).to_have_text("Completed")
    expect(page.locator(".jobs tbody tr")).to_have_count(3)
    expect(page.locator(".log li").last).to_contain_text("batch.completed")

    page.get_by_role("link", name="Lakeside medley.pdf").click()
    drawer = page.locator("#drawer")
    expect(drawer.get_by_role("heading", name="Lakeside medley.pdf")).to_be_focused()
    expect(drawer.get_by_role("table")).to_contain_text("2:03.95")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.get_by_role("link", name="Lakeside medley.pdf")).to_be_focused()

    with page.expect_download() as download:
        page.get_by_role("link", name="ZIP").click()
    archive = tmp_path / "batch.zip"
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert opened.namelist()

    page.get_by_role("link", name="Batches").first.click()
    row = page.locator("tr.batch", has_text="Lakeside walk")
    expect(row).to_contain_text("100%")
    row.get_by_role("button", name="Jobs of Lakeside walk").click()
    expect(page.locator(".row-preview li")).to_have_count(3)


def test_markup_in_file_name_stays_text(visit: Visit, service: Service, sheet_folder: Path) -> None:
    page = visit.page
    name = "<img src=x onerror=alert(1)>.pdf"
    hostile = sheet_folder / name
    (sheet_folder / "Lakeside medley.pdf").rename(hostile)
    page.goto(service.url)
    _start_batch(page, [hostile], "Markup as a name")

    expect(page.get_by_text("1 of 1 complete")).to_be_visible()
    link = page.get_by_role("link", name=name)
    expect(link).to_have_text(name)
    link.click()
    expect(page.locator("#drawer").get_by_role("heading", name=name)).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_key_opens_the_console_and_a_wrong_one_does_not(browser: Browser, service: Service) -> None:
    page = browser.new_page()
    page.goto(service.url)
    page.get_by_label("API key").fill("not a key")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This key does not exist, or it was revoked.")
    page.get_by_label("API key").fill(service.server.admin_key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    page.close()


def test_pause_resume_cancel_and_retry(visit: Visit, service: Service) -> None:
    """Each button does what it says; what cannot be done is barred and says why."""
    page = visit.page
    page.goto(service.submit("slow", "Long walk", [{}] * 30, params={"seconds": 0.4}, max_parallel=1, first_n=1))
    state = page.locator(".batch-title .state")
    actions = page.locator(".batch-head .actions")

    expect(state).to_have_text("Paused")
    expect(page.locator(".note.why")).to_contain_text("Paused after the trial run of the first job.")
    page.locator(".note.why").get_by_role("button", name="Resume").click()
    expect(state).to_have_text("Processing")
    expect(actions.get_by_role("button", name="Pause")).to_be_focused()
    expect(page.locator(".note.why")).to_contain_text("this batch runs one job at a time")
    expect(actions.get_by_role("button", name="Retry failed")).to_have_attribute("title", "No job has failed")

    actions.get_by_role("button", name="Pause").click()
    expect(state).to_have_text("Paused")
    expect(page.locator(".note.why")).to_contain_text("No more jobs start until it is resumed.")
    actions.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("Processing")

    actions.get_by_role("button", name="Cancel…").click()
    question = page.locator("#confirm")
    expect(question).to_contain_text(re.compile(r"\d+ waiting jobs will not run\."))
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question).to_be_hidden()
    expect(state).to_have_text("Processing")
    actions.get_by_role("button", name="Cancel…").click()
    question.get_by_role("button", name="Cancel batch").click()
    expect(state).to_have_text("Cancelled")
    expect(actions.get_by_role("button", name="Pause")).to_have_attribute("title", "The batch has ended")

    records = [{"do": "stop"}, {"do": "succeed"}, {"do": "raise"}, {"do": "stop"}]
    page.goto(service.submit("behaviour", "Mixed", records))
    expect(page.get_by_text("4 of 4 complete")).to_be_visible()
    page.reload()
    failed = page.locator(".failures")
    expect(failed.get_by_role("heading", name="3 jobs failed, for 2 reasons")).to_be_visible()
    failed.get_by_role("button", name="Retry 2 with NOT_WANTED").click()
    expect(page.get_by_role("heading", name="Mixed - Retry")).to_be_visible()
    expect(page.get_by_text("2 of 2 complete")).to_be_visible()


def test_draft_archive_and_delete(visit: Visit, service: Service) -> None:
    """A draft is started by hand; archiving has Undo, and deleting asks first."""
    page = visit.page
    page.goto(service.url)
    page.get_by_role("main").get_by_role("link", name="New batch").first.click()
    page.get_by_role("radio", name=re.compile("Three steps")).check()
    page.get_by_label("Records").fill('name,city\n"one, first",Auckland\ntwo,')
    expect(page.locator(".summary")).to_contain_text("2, from a table")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Name", exact=True).fill("For Monday")
    page.get_by_role("group", name="Also run on each").get_by_label("Takes its time").check()
    expect(page.locator(".summary")).to_contain_text("4 jobs will be created.")
    page.get_by_label("When too many jobs fail").select_option(label="pause the batch")
    page.get_by_label("Failure threshold").fill("20")
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("heading", name="For Monday")).to_be_visible()
    expect(page.locator(".batch-title .state")).to_have_text("Draft")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("4 of 4 complete")).to_be_visible()

    page.get_by_role("link", name="Batches").first.click()
    row = page.locator("tr.batch", has_text="For Monday")
    more = row.get_by_role("button", name="More for For Monday")
    more.click()
    page.locator("#menu").get_by_role("button", name="Archive").click()
    expect(row).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    expect(row.get_by_role("link", name="For Monday")).to_be_focused()
    more.press("Enter")
    expect(page.locator("#menu").get_by_role("link", name="Download ZIP")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_contain_text("4 jobs and 4 results, with all files")
    page.locator("#confirm").get_by_role("button", name="Delete batch").click()
    expect(row).to_be_hidden()
    expect(page.locator("#toast")).to_contain_text("For Monday deleted")
