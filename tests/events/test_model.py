"""The one model of events: nothing is written that it does not know, and the documentation is made from it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from app.batches.states import BATCH_TERMINAL
from app.events.schemas import EVERYTHING, LOG_EVENTS, STREAM_EVENT, type_of
from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import Api
from tests.patience import within

ROOT = Path(__file__).resolve().parent.parent.parent
LOGGED = {type_of(model): model for model in LOG_EVENTS}
TYPE = re.compile(r"""["']((?:batch|job|step)\.[a-z]+|jobs\.(?:acted_on|added))["']""")
PREFIX = re.compile(r"""(?:'|f")(batch|job|step)\.(?:' \|\||{status})""")
STATUSES = {
    "batch": BATCH_TERMINAL,
    "job": ("completed", "failed", "cancelled"),
    "step": ("completed", "failed", "skipped"),
}


def check(event: dict[str, Any]) -> None:
    """The event is one of the model, and has no member that the model does not tell of."""
    STREAM_EVENT.validate_python(event)
    assert event.keys() <= LOGGED[event["type"]].model_fields.keys(), event


async def test_whatever_happens_is_in_the_model(api: Api, tmp_path: Path) -> None:
    emitted = list(
        (await run(api, "behaviour", [{"do": what} for what in ("report", "retry_once", "stop", "x")]))["events"]
    )
    emitted += (await run(api, "behaviour", [{"do": "give up"}, {}], max_parallel=1))["events"]
    emitted += (await run(api, "blocking-step", [{"seconds": 1.6}]))["events"]
    emitted += (await run(api, "cleanup", [{"fail": True}, {}]))["events"]
    params = {"gate": str(tmp_path / "gate")}
    batch_id = await submit(api, "slow", [{}, {}], params=params, max_parallel=1, start=False)
    for command in ("start", "pause", "resume", "cancel"):
        assert (await api.post(f"/api/batches/{batch_id}/{command}")).is_success
    (tmp_path / "gate").touch()
    emitted += await follow(api, batch_id)
    emitted += await act_on_jobs(api, tmp_path)
    batch_id = await submit(api, "cleanup", [], sealed=False)
    added = {"items": [{"record": {"fail": False}}], "sealed": True}
    assert (await api.post(f"/api/batches/{batch_id}/jobs", json=added)).is_success
    emitted += await follow(api, batch_id)
    policy = {"threshold": 0.1, "action": "pause"}
    batch_id = await submit(api, "behaviour", [{"do": "stop"}, {}], max_parallel=1, failure_policy=policy)
    for event in emitted:
        check(event)
    page = (await api.get(f"/api/batches/{batch_id}/events")).json()["events"]
    for event in page:
        check(event)
    assert {event["type"] for event in emitted} >= LOGGED.keys() - {"job.requeued", "batch.alerted", "batch.completed"}


async def act_on_jobs(api: Api, folder: Path) -> list[dict[str, Any]]:
    """The events of a batch whose jobs somebody cancels, tries again and leaves out."""
    batch_id = await submit(api, "slow", [{}, {}, {}], params={"gate": str(folder / "other")}, max_parallel=1)
    async with within(20):
        while (running := (await get_batch(api, batch_id))["jobs"][0])["status"] != "running":
            await asyncio.sleep(0.02)
    waiting = (await get_batch(api, batch_id))["jobs"][1]
    for job, action in ((running, "cancel"), (waiting, "cancel"), (waiting, "retry"), (waiting, "skip")):
        assert (await api.post(f"/api/jobs/{job['id']}/{action}")).is_success, action
    everything = {"action": "cancel", "filter": {}}
    assert (await api.post(f"/api/batches/{batch_id}/jobs/bulk", json=everything)).is_success
    (folder / "other").touch()
    return await follow(api, batch_id)


def test_the_model_holds_what_the_code_can_write_and_nothing_else() -> None:
    """Literals of the code, and the types that it puts together from a prefix and a status."""
    paths = [
        path for path in (ROOT / "app").rglob("*") if path.suffix in (".py", ".sql") and path.parent.name != "audit"
    ]
    sources = [path.read_text("utf-8") for path in paths if path != ROOT / "app" / "events" / "schemas.py"]
    written = {name for source in sources for name in TYPE.findall(source)}
    prefixes = {name for source in sources for name in PREFIX.findall(source)}
    assert prefixes == STATUSES.keys()
    written |= {f"{prefix}.{status}" for prefix in prefixes for status in STATUSES[prefix]}
    transient = {type_of(model) for model in EVERYTHING} - LOGGED.keys()
    assert written - transient == LOGGED.keys()


async def test_the_documentation_shows_every_event(api: Api) -> None:
    described = (await api.get("/openapi.json")).json()
    components = described["components"]["schemas"]
    of_batch = described["paths"]["/api/batches/{batch_id}/events"]["get"]
    of_list = described["paths"]["/api/events"]["get"]
    shown = set()
    for operation in (of_batch, of_list):
        for item in operation["responses"]["200"]["content"]["text/event-stream"]["x-item-schema"]["oneOf"]:
            name = item["properties"]["data"]["contentSchema"]["$ref"].rpartition("/")[2]
            word = item["properties"]["event"]["const"]
            assert components[name]["properties"]["type"]["const"] == word
            assert f"`{word}`" in operation["description"]
            shown.add(word)
    assert shown == {type_of(model) for model in EVERYTHING}
    assert of_batch["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/EventPage")
    references = set(re.findall(r"#/components/schemas/([\w-]+)", (await api.get("/openapi.json")).text))
    assert references - components.keys() == set()


@pytest.mark.parametrize("model", EVERYTHING, ids=type_of)
def test_types_are_named_as_events_are(model: Any) -> None:
    assert re.fullmatch(r"(batch|jobs?|step)\.[a-z_]+|reset|snapshot|bye", type_of(model))
    assert model.__doc__
