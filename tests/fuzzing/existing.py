"""An installation with one of everything, and what a request has to say to reach it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.auth.one_of_each import make_one_of_each
from tests.auth.people import key_of
from tests.batch_helpers import run, submit
from tests.conftest import Api, make_settings, serving
from tests.registrations.menus import menu

Values = dict[str, list[Any]]
SMTP = {"account": {"url": "smtp://mail.invalid:25", "mail_from": "tranche@example.org"}}
"""The one kind of account whose test asks nobody on the internet: its name is never found."""
PLAIN = {"pipeline": "checksum", "params": {}, "auto_upload_enabled": False, "monday_sync_enabled": False}
"""A submission for which no account of another service is needed."""
RESTAURANT = {"name": "Sole", "type": "Outbound", "city": "Auckland"}
CSV = "name,city\nSole,Auckland\n"
ONLY_IN_PATHS = {"name", "key", "code", "kind", "page", "sequence"}


@dataclass(frozen=True)
class Existing:
    """What a request has to say.

    `values`: by the name of a parameter, or of a body's member, what it can be; those of ONLY_IN_PATHS in paths only.
    `below`: the same for paths that begin so. `bodies` and `queries`: by operation, and by media type where there are
    several, members that its data is accepted with; null is without the member. `texts`: bodies that are one text.
    """

    values: Values
    below: dict[str, Values]
    bodies: dict[str, dict[str, Any]]
    queries: dict[str, dict[str, Any]]
    texts: dict[str, str]

    def of(self, path: str) -> Values:
        """The values for a path of openapi.json."""
        found = self.values
        for beginning, values in self.below.items():
            if path.startswith(beginning):
                found = found | values
        return found

    def members_of(self, path: str) -> Values:
        """The values for bodies of a path."""
        return {name: values for name, values in self.of(path).items() if name not in ONLY_IN_PATHS}


async def make_existing(home: Path, dsn: str) -> Existing:
    """Fill an empty installation."""
    async with serving(make_settings(home, dsn)) as api:
        ids = await make_one_of_each(api)
        batches = [ids["batch_id"], *await _batches_in_each_state(api)]
        await _put(api, f"/api/restaurants/{ids['restaurant_id']}/menu", menu())
        await _put(api, "/api/lead-data/", {"lead": "someone", "batch_number": 1, "data": {"name": "A"}})
        await _put(api, "/api/connections/smtp", SMTP)
        codes = await _result_codes(api, ids)
        invitation = await _make(api, "/api/invitations", {"name": "about to accept"})
        other = await _make(api, "/api/organisations", {"name": "another"})
        theirs = await _make(api, f"/api/organisations/{other['id']}/invitations", {"name": "of another"})
        their_user = await _accepted(api, theirs)
        key = await key_of(api, "Default", user="whoever signs in")
        reports = (await api.get("/api/reports")).json()["reports"]
        await _end_delivery(api, ids["delivery_id"])
        reply = await api.patch(f"/api/webhooks/{ids['webhook_id']}", json={"enabled": True})
        assert reply.status_code == 200, reply.text
    values: Values = {name: [value] for name, value in ids.items()}
    values |= {"batch_id": batches, "code": codes, "sequence": [1], "page": [1], "key": ["checksum", "no-op"]}
    values |= {"kind": ["smtp"], "organisation_id": [other["id"]], "play_id": [int(ids["play_id"])]}
    values |= {"pipeline": ["checksum", "no-op", "echo"], "from_batch": batches[:1], "lead": ["someone"]}
    values |= {"restaurant_ids": [ids["restaurant_id"]], "batch_number": [1], "required_batches": [1]}
    below = {
        "/api/organisations/": {"user_id": [their_user]},
        "/api/registration-batches/": {"batch_id": [ids["registration_batch_id"]]},
        "/api/batch-reports/": {"job_id": [ids["report_job_id"]]},
        "/api/results/{code}/jobs/": {"code": codes[1:]},
    }
    form = PLAIN | {"files": ["content"], "urls": None, "pipelines": None}
    items = PLAIN | {"items": [{"file_id": ids["file_id"]}], "pipelines": None}
    one = PLAIN | {"file_id": ids["file_id"], "url": None, "record": None, "record_name": None, "pipelines": None}
    bodies: dict[str, dict[str, Any]] = {
        "POST /api/jobs/batch": form,
        "POST /api/jobs application/json": one,
        "POST /api/jobs multipart/form-data": form,
        "POST /api/batches": items,
        "POST /api/batch-reports": form | {"pipeline": "data-report"},
        "POST /api/batches/{batch_id}/retry-failed": {"error_code": None, "code": None},
        "POST /api/batches/{batch_id}/jobs/bulk": {"action": "cancel", "filter": {}, "ids": None, "from_step": None},
        "POST /api/jobs/{job_id}/retry": {"from_step": None},
        "POST /api/registration-batches": {"start": False, "common_config": {}},
        "POST /api/plays/{play_id}/runs/": {"leads": ["someone"], "variables": {}},
        "POST /api/restaurants/import application/json": {"restaurants": [RESTAURANT]},
        "POST /api/restaurants/import multipart/form-data": {"file": CSV},
        "PUT /api/restaurants/{restaurant_id}/menu multipart/form-data": {"file": menu()},
        "POST /api/schedules": {"cron": "0 9 * * *", "time_zone": "Europe/Berlin"},
        "POST /api/templates": {"from_batch": ids["batch_id"], "options": None, "source": None},
        "POST /api/webhooks": {
            "url": "http://93.184.216.34/",
            "format": "standard",
            "events": ["batch.*"],
            "template": None,
            "pipeline": None,
        },
        "POST /api/session": {"key": key},
        "POST /api/invitations/accept": {"code": invitation["code"]},
        "POST /api/organisations/{organisation_id}/erase": {"name": other["name"]},
        "PUT /api/connections/{kind}": SMTP,
    }
    other_report = next(report["id"] for report in reports if report["id"] != ids["report_id"])
    queries = {
        "GET /api/schedules/preview": {"cron": "0 9 * * *", "time_zone": "Europe/Berlin"},
        "GET /api/reports/{report_id}/comparison": {"with": other_report},
        "POST /api/batches/{batch_id}/retry-failed": {"error_code": None, "code": None},
    }
    texts = {
        "POST /api/restaurants/import text/csv": CSV,
        "PUT /api/restaurants/{restaurant_id}/menu text/csv": menu(),
    }
    return Existing(values, below, bodies, queries, texts)


async def _make(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await api.post(path, json=body)
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


async def _put(api: Api, path: str, body: dict[str, Any] | str) -> None:
    reply = await (api.put(path, content=body) if isinstance(body, str) else api.put(path, json=body))
    assert reply.status_code < 300, reply.text


async def _accepted(api: Api, invitation: dict[str, Any]) -> str:
    """The id of the user that an invitation makes."""
    reply = await api.post("/api/invitations/accept", json={"code": invitation["code"]})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["user"]["id"])


async def _batches_in_each_state(api: Api) -> list[str]:
    failed = await run(api, "behaviour", [{"do": "stop"}, {"do": "succeed"}])
    archived = await run(api, "no-op", [{}])
    assert (await api.post(f"/api/batches/{archived['id']}/archive")).status_code == 200
    draft = await submit(api, "no-op", [{}], start=False)
    working = await submit(api, "behaviour", [{"do": "hang"}])
    paused = await submit(api, "no-op", [{}], first_n=1)
    return [failed["id"], archived["id"], draft, working, paused]


async def _end_delivery(api: Api, delivery_id: str) -> None:
    """As after its last attempt: one that is still to be sent cannot be sent again."""
    async with api.installation.database.transaction() as session:
        statement = "update webhook_deliveries set status = 'failed', completed_at = now() where id = :id"
        await session.execute(text(statement), {"id": delivery_id})


async def _result_codes(api: Api, ids: dict[str, str]) -> list[str]:
    paths = (f"/api/jobs/{ids['job_id']}/result-codes", f"/api/batches/{ids['batch_id']}/result-codes")
    return [str((await _make(api, path, {}))["code"]) for path in paths]
