"""A batch becomes a template, the template a schedule and a batch again."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit


def test_template_and_schedule(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(service.submit("slow", "Nightly", [{"name": "a"}, {"name": "b"}], params={"seconds": 0.01}))
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Save as template…").click()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value("Nightly")
    name.fill("Every night")
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_role("heading", name="Every night")).to_be_visible()
    page.get_by_role("button", name="Preview items").click()
    expect(page.get_by_text("A run now would have 2 jobs")).to_be_visible()

    page.get_by_role("main").get_by_role("link", name="New batch").click()
    expect(page.get_by_text("From the template “Every night”")).to_be_visible()
    expect(page.get_by_label("seconds", exact=False)).to_have_value("0.01")
    page.go_back()

    page.get_by_role("link", name="Schedule", exact=True).click()
    page.get_by_label("When", exact=True).fill("every day of the frog")
    expect(page.locator(".note .error")).to_be_visible()
    page.get_by_label("When", exact=True).fill("*/7 * * * *")
    expect(page.locator("div.note")).to_contain_text("this is not every 7 minutes")
    page.get_by_label("When", exact=True).fill("every Friday 17:30")
    expect(page.locator(".note .times li")).to_have_count(5)
    expect(page.locator(".note .times li").first).to_contain_text("17:30")
    page.get_by_text("More", exact=True).last.click()
    page.get_by_label("Items of a run, at most").fill("1")
    page.get_by_label("Parameters", exact=True).fill("no JSON")
    page.get_by_role("button", name="Add schedule").click()
    expect(page.locator("#schedule-params-error")).not_to_be_empty()
    page.get_by_label("Parameters", exact=True).fill('{"seconds": 0.02}')
    page.get_by_role("button", name="Add schedule").click()
    expect(page.get_by_role("heading", name="Every night: every Friday 17:30")).to_be_visible()
    expect(page.locator(".facts").last).to_contain_text("At most 1 item")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("It does not run until it is resumed.")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".jobs tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Started")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete schedule").click()
    expect(page.get_by_role("heading", name="No schedules yet")).to_be_visible()
    expect(page).to_have_url(re.compile("#/schedules$"))
    visit.problems = [one for one in visit.problems if "422" not in one]  # the frog


def test_template_and_schedule_are_edited(visit: Visit, service: Service) -> None:
    """The form comes filled in; what it does not show stays, and a refusal stands as a sentence."""
    options = {"pipelines": ["slow"], "params": {"seconds": 0.5}, "max_parallel": 3}
    with service.server.client() as client:
        body = {"name": "Weekly", "options": options, "source": {"type": "items", "items": [{"record": {}}] * 2}}
        template = client.post("/api/templates", json=body).json()
        client.post("/api/schedules", json={"template_id": template["id"], "cron": "every Monday 9:00"})
    page = visit.page
    page.goto(f"{service.url}/#/templates/{template['id']}")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_role("heading", name="Edit “Weekly”")).to_be_focused()
    name, seconds = page.get_by_label("Name", exact=True), page.get_by_label("seconds", exact=False)
    expect(name).to_have_value("Weekly")
    expect(page.get_by_label("Pipeline")).to_have_value("slow")
    expect(seconds).to_have_value("0.5")
    expect(page.get_by_label("Items").locator("option:checked")).to_have_text("the same 2 items")
    name.fill("")
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_role("alert")).to_contain_text("String should have at least 1 character")
    expect(name).to_be_focused()
    name.fill("Every week")
    seconds.fill("0.25")
    page.get_by_label("What it is for").fill("For the <b>weekly</b> report")
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_role("heading", name="Every week")).to_be_focused()
    expect(page.get_by_role("navigation", name="Templates")).to_contain_text("Every week")
    expect(page.get_by_text("For the <b>weekly</b> report")).to_be_visible()
    with service.server.client() as client:
        kept = client.get(f"/api/templates/{template['id']}").json()
    assert kept["options"] == {"pipeline": "slow", "params": {"seconds": 0.25}, "max_parallel": 3}
    assert len(kept["source"]["items"]) == 2

    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Items").select_option(label="all files with a tag")
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_label("Tag")).to_be_focused()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_text("the same 2 items")).to_be_visible()

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Schedules").click()
    expect(page.get_by_role("navigation", name="Schedules")).to_be_visible()  # both screens have a link to edit
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_label("Template").locator("option:checked")).to_have_text("Every week")
    when = page.get_by_label("When", exact=True)
    expect(when).to_have_value("0 9 * * 1")
    when.fill("every day of the frog")
    page.get_by_role("button", name="Save schedule").click()
    expect(when).to_be_focused()
    when.fill("every Friday 17:30")
    page.get_by_label("If the previous run is still going").select_option(label="run both")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_role("heading", name="Weekly: every Friday 17:30")).to_be_visible()
    expect(page.locator(".facts").get_by_text("run both")).to_be_visible()
    visit.problems = [one for one in visit.problems if "422" not in one]  # the refusals


def test_more_templates_than_one_page(visit: Visit, service: Service) -> None:
    """The list goes on page by page, and an address opens also what stands on none of them."""
    options = {"pipeline": "no-op"}
    with service.server.client() as client:
        made = [
            client.post("/api/templates", json={"name": f"T {at:03}", "options": options}).json() for at in range(105)
        ]
    page = visit.page
    page.goto(f"{service.url}/#/templates/{made[104]['id']}")
    listed = page.get_by_role("navigation", name="Templates")
    expect(page.get_by_role("heading", name="T 104")).to_be_visible()
    expect(listed.get_by_role("link")).to_have_count(100)
    listed.get_by_role("button", name="Show more").click()
    expect(listed.get_by_role("link", name="T 104")).to_be_visible()
    expect(listed.get_by_role("button", name="Show more")).to_be_hidden()
    expect(listed.locator("a:focus")).to_have_count(1)
    listed.get_by_role("link", name="T 103").click()
    expect(page.get_by_role("heading", name="T 103")).to_be_visible()
    expect(listed.get_by_role("link", name="T 103")).to_be_in_viewport()
    page.goto(f"{service.url}/#/schedules/new")
    page.get_by_label("Template", exact=True).select_option(label="T 104")
    page.get_by_role("button", name="Add schedule").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete schedule").click()
    expect(page).to_have_url(re.compile("#/schedules$"))
    page.goto(f"{service.url}/#/templates/nowhere")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    visit.problems.clear()  # the service has none of this id
