"""A batch becomes a template, the template a schedule and a batch again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Service, Visit

pytestmark = pytest.mark.timeout(180)


def test_template_and_schedule(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(service.submit("slow", "Nightly", [{"name": "a"}, {"name": "b"}], params={"seconds": 0.01}))
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Save as template…").click()
    name = page.get_by_label("Name")
    expect(name).to_have_value("Nightly")
    name.fill("Every night")
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_role("heading", name="Every night")).to_be_visible()
    page.get_by_role("button", name="What would be in it").click()
    expect(page.get_by_text("2 jobs, now")).to_be_visible()

    page.get_by_role("link", name="New batch from it").click()
    expect(page.get_by_text("From the template “Every night”")).to_be_visible()
    expect(page.get_by_label("seconds", exact=False)).to_have_value("0.01")
    page.go_back()

    page.get_by_role("link", name="Schedule", exact=True).click()
    page.get_by_label("When", exact=True).fill("every day of the frog")
    expect(page.locator(".note .error")).to_be_visible()
    page.get_by_label("When", exact=True).fill("every Friday 17:30")
    expect(page.locator(".note .times li")).to_have_count(5)
    expect(page.locator(".note .times li").first).to_contain_text("17:30")
    page.get_by_role("button", name="Add schedule").click()
    expect(page.get_by_role("heading", name="Every night: every Friday 17:30")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("It fires no more until it is resumed.")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".jobs tbody tr")).to_have_count(2)
    page.go_back()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Started")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete schedule").click()
    expect(page.get_by_role("heading", name="No schedules yet")).to_be_visible()
    expect(page).to_have_url(re.compile("#/schedules$"))
    visit.problems = [one for one in visit.problems if "422" not in one]  # the frog
