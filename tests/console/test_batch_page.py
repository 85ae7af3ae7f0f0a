"""What a batch's page says besides its jobs: where it came from, who was told, and its reports."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit
from tests.processes import run

OLD = """created_at,pipeline,filename,status
2024-03-01T10:00:00Z,no-op,old.png,done
2024-03-01T10:00:20Z,no-op,b.png,error
"""
WHY = "Imported from an older system, without its files"


def test_imported_batch_cannot_be_run_again(visit: Visit, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text(OLD)
    assert run(["import-jobs", str(file)], service.server.environment, tmp_path).returncode == 0
    page = visit.page
    page.goto(f"{service.url}/#/batches")
    page.locator("tr.batch a.name").first.click()
    expect(page.locator(".batch-head .facts")).to_contain_text("imported from an older system")
    retry = page.get_by_role("button", name="Retry failed")
    expect(retry).to_have_attribute("title", WHY)
    expect(page.locator(".failures .again")).to_have_attribute("title", WHY)
    retry.press("Enter")
    expect(page.locator("#toast")).to_contain_text(WHY)
    page.get_by_role("button", name="More", exact=True).click()
    expect(page.locator("#menu button[aria-disabled]")).to_contain_text(f"Restart as a new batch{WHY}")


def test_who_was_told_and_what_made_it(visit: Visit, service: Service) -> None:
    """A webhook that cannot be reached is told of in the batch; without any the section is not there."""
    page = visit.page
    page.goto(service.submit("no-op", "Quiet", [{}]))
    expect(page.get_by_text("1 of 1 complete")).to_be_visible()
    expect(page.get_by_role("heading", name="Notifications")).to_be_hidden()
    with service.server.client() as client:
        body = {"url": "http://127.0.0.1:9/hook", "description": "<b>CRM</b>", "events": ["batch.completed"]}
        client.post("/api/webhooks", json=body)
        options = {"pipeline": "no-op"}
        source = {"type": "items", "items": [{"record": {}}]}
        template = client.post("/api/templates", json={"name": "Hourly", "options": options, "source": source}).json()
        schedule = client.post("/api/schedules", json={"template_id": template["id"], "cron": "0 9 * * 1"}).json()
        batch = client.post(f"/api/schedules/{schedule['id']}/run").json()
    page.goto(f"{service.url}/#/batches/{batch['batch_id']}")
    expect(page.locator(".batch-head .facts")).to_contain_text("created by a schedule")
    page.get_by_role("heading", name="Notifications").click()
    told = page.locator(".notification-list li")
    expect(told).to_contain_text("batch.completed to <b>CRM</b>")
    expect(told).to_contain_text("Retrying")
    told.get_by_role("link", name="<b>CRM</b>").click()
    expect(page.get_by_role("heading", name="http://127.0.0.1:9/hook")).to_be_visible()


def test_jobs_that_somebody_acts_on_change_where_they_are(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(service.submit("no-op", "Chosen", [{}] * 3, first_n=1))
    expect(page.get_by_text("1 of 3 complete")).to_be_visible()
    second = page.locator(".jobs tbody tr").nth(1)
    with service.server.client() as client:
        jobs = client.get(f"/api/batches/{page.url.rpartition('/')[2]}/jobs").json()["jobs"]
        client.post(f"/api/jobs/{jobs[1]['id']}/cancel").raise_for_status()
        expect(second).to_contain_text("cancelled before it started")
        client.post(f"/api/jobs/{jobs[1]['id']}/retry").raise_for_status()
        expect(second).to_contain_text("waiting for the batch to resume")
        client.post(f"/api/batches/{page.url.rpartition('/')[2]}/jobs/bulk", json={"action": "skip", "filter": {}})
    expect(page.get_by_text("skip: 2 of 3")).to_be_visible()


def test_reports_of_a_batch(visit: Visit, service: Service) -> None:
    with service.server.client() as client:
        files = [
            client.put(f"/api/files/{name}.csv", content=b"name,age\nMaya,17\n").json()["id"] for name in ("one", "two")
        ]
        items = [{"file_id": file} for file in files]
        batch = client.post("/api/batches", json={"pipeline": "data-report", "name": "Tables", "items": items}).json()
    page = visit.page
    page.goto(f"{service.url}/#/batches/{batch['batch_id']}")
    expect(page.get_by_text("2 of 2 complete")).to_be_visible()
    tables = page.get_by_role("region", name="Tables")
    expect(tables).to_contain_text("2 rows, no conflicts")
    with page.expect_popup() as opened:
        tables.get_by_role("link", name="Side by side, to print").click()
    expect(opened.value.get_by_role("heading", name="Columns side by side")).to_be_visible()
    tables.get_by_text("Files and their reports").click()
    expect(tables.locator(".tables > li")).to_have_count(2)
    tables.get_by_role("link", name="one.csv").click()
    expect(page.get_by_role("heading", name="one.csv")).to_be_focused()
    expect(page.locator("main .facts").first).to_contain_text("1 row2 columns")
