"""Large bodies that are accepted, by operation, for the work behind their check: openapi.json cannot make them."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import uuid4

from app.kit.schemas import MOST_JSON_VALUES, MOST_SEARCHED_VALUES
from tests.files.bodies import FORM, form, part

JOBS: Final = 10_000
JSON: Final = {"Content-Type": "application/json"}
CSV: Final = {"Content-Type": "text/csv"}
WIDE: Final = {f"member {n}": "\u00e4" * 10 for n in range(MOST_SEARCHED_VALUES - 10)}
DEEP: Final = {"a": [json.loads("[" * 12 + "]" * 12)] * (MOST_SEARCHED_VALUES // 13)}
WIDE_DATA: Final = {f"member {n}": 0 for n in range(40_000)}
DEEP_DATA: Final = {"a": [json.loads("[" * 12 + "]" * 12)] * (MOST_JSON_VALUES // 13)}
"""As many values as may be kept, nearly."""
UNDER_A_LIMIT: Final = [{"record": {"text": "x" * 60}} for _ in range(10_000)]
RESTAURANTS: Final = [{"name": f"Ä place {n}", "city": "Zürich", "contact": {"email": "a@b.ch"}} for n in range(JOBS)]
TABLE: Final = b"name,city\n" + b"".join(b"\xc3\x84 table %d,Z\xc3\xbcrich\n" % n for n in range(JOBS))
MENU: Final = b"categoryName,dishName,dishPrice\n" + b"".join(b"Starters,Dish %d,12.50\n" % n for n in range(5_000))
STEPS: Final = [{"prompt": "{{lead}} " * 100, "say": "x" * 15_000} for _ in range(50)]
MANY_PARTS: Final = form(
    part("pipeline", "checksum"),
    *(part("urls", f"https://example.org/{n}") for n in range(JOBS - 500)),
    *(part("files", b"%d" % n, f"{n}.txt") for n in range(500)),
)
MANY_FILES: Final = form(part("pipeline", "checksum"), *(part("files", b"%d" % n, f"{n}.txt") for n in range(1_000)))
MANY_TABLES: Final = form(*(part("files", b"a,b\n1,2\n", f"{n}.csv") for n in range(500)))
NAMES: Final = [f"customer {n}" for n in range(5_000)]
OTHERS: Final = [f"other {n}" for n in range(5_000)]
TEMPLATE: Final = {f"{n}": "a text" for n in range(900)}
LARGE: Final = {"text": "x" * 5_700}
LINES: Final = b"".join(b'{"record": {"text": "%d"}, "external_id": "line %d"}\n' % (n, n) for n in range(20_000))


Sent = tuple[Any, dict[str, str]]
"""A body as bytes, or as a value to be sent as JSON, with its headers."""
REFUSED: Final[dict[str, list[Sent]]] = {
    "POST /api/jobs": [(MANY_PARTS, FORM)],
    "POST /api/restaurants/import": [([{"name": "", "icp_score": "x", "city": 1}] * JOBS, JSON)],
}
"""What is looked at for long before it is refused."""


def _json(value: Any) -> Sent:
    return value, JSON


def encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def valid_bodies(ids: dict[str, str], restaurant_ids: list[str]) -> dict[str, list[Sent]]:
    """Bodies by operation. `ids` are those of the paths."""
    options = {"pipeline": "no-op"}
    items = {"type": "items", "items": UNDER_A_LIMIT}
    files = {"type": "items", "items": [{"file_id": ids["file_id"]}] * JOBS}
    leads = [f"lead {n} of the walk, who has quite a long name@example.org" for n in range(JOBS)]
    play_id = int(ids["play_id"])
    return {
        "PUT /api/files/{name}": [(b"x" * 20_000_000, {"Content-Type": "application/octet-stream"})],
        "PATCH /api/files/{file_id}": [_json({"tags": [f"tag {n}" for n in range(50)]})],
        "POST /api/batches": [
            _json({**options, "start": False, "items": [{"record": LARGE} for _ in range(JOBS)]}),
            _json({**options, "items": [{"file_id": ids["file_id"]}] * JOBS, "pipeline": "checksum", "start": False}),
            _json({**options, "items": [{"record": WIDE_DATA}], "metadata": DEEP, "params": {}}),
        ],
        "POST /api/batches/{batch_id}/jobs": [
            _json({"items": [{"record": LARGE, "external_id": f"large {n}"} for n in range(JOBS)]}),
            (LINES, {"Content-Type": "application/x-ndjson"}),
        ],
        "POST /api/batches/{batch_id}/jobs/bulk": [
            _json({"action": "skip", "ids": [str(uuid4()) for _ in range(JOBS)]})
        ],
        "POST /api/jobs": [
            _json({**options, "record": DEEP_DATA}),
            _json({**options, "record": WIDE_DATA}),
        ],
        "POST /api/jobs/batch": [(MANY_FILES, FORM)],
        "POST /api/batch-reports": [(MANY_TABLES, FORM)],
        "PATCH /api/batches/{batch_id}": [_json({"metadata": DEEP}), _json({"metadata": WIDE})],
        "POST /api/restaurants": [_json({"name": "x", "attributes": WIDE}), _json({"name": "y", "contact": DEEP})],
        "PATCH /api/restaurants/{restaurant_id}": [_json({"attributes": WIDE}), _json({"contact": DEEP})],
        "POST /api/restaurants/import": [
            (TABLE, CSV),
            _json({"restaurants": [row | {"name": f"other {n}"} for n, row in enumerate(RESTAURANTS)]}),
        ],
        "PUT /api/restaurants/{restaurant_id}/menu": [(MENU, CSV)],
        "POST /api/registration-batches": [
            _json({"restaurant_ids": restaurant_ids}),
            _json({"restaurant_ids": restaurant_ids[:1], "common_config": DEEP, "metadata": WIDE}),
            _json({"restaurant_ids": restaurant_ids[:1], "common_config": WIDE}),
        ],
        "POST /api/plays/": [
            _json({"name": "of texts", "play_steps": STEPS}),
            _json({"name": "of lists", "variables": DEEP, "play_steps": [DEEP]}),
        ],
        "PATCH /api/plays/{play_id}/": [_json({"play_steps": STEPS}), _json({"variables": WIDE})],
        "POST /api/play-batch-mappings/": [_json({"play_id": play_id, "required_batches": [1, 2, 3]})],
        "PUT /api/play-batch-mappings/": [_json([{"play_id": play_id, "required_batches": [1]}])],
        "POST /api/plays/{play_id}/runs/": [
            _json({"leads": leads, "start": False}),
            _json({"leads": [{"lead": name, "more": [1, 2]} for name in leads], "start": False}),
            _json({"leads": ["someone"], "variables": DEEP, "start": False}),
        ],
        "PUT /api/lead-data/": [
            _json({"lead": "someone", "batch_number": 1, "data": DEEP_DATA}),
            _json({"lead": "someone", "batch_number": 1, "data": WIDE_DATA}),
        ],
        "POST /api/templates": [
            _json({"name": "of a large batch", "from_batch": ids["batch_id"]}),
            _json({"name": "of items", "options": options, "source": items}),
            _json({"name": "of members", "options": {**options, "metadata": DEEP}}),
        ],
        "PATCH /api/templates/{template_id}": [
            _json({"source": items}),
            _json({"options": {**options, "metadata": WIDE}}),
        ],
        "POST /api/templates/{template_id}/run": [
            _json({"source": files, "options": {"start": False}}),
            _json({"dry_run": True, "source": files, "options": {"metadata": DEEP}}),
        ],
        "POST /api/webhooks": [
            _json({"url": "http://93.184.216.34/", "format": "crm", "template": TEMPLATE, "enabled": False}),
        ],
        "PATCH /api/webhooks/{webhook_id}": [_json({"format": "crm", "template": TEMPLATE})],
        "POST /api/schedules": [
            _json({"template_id": ids["template_id"], "cron": ",".join(map(str, range(60))) + " 0 29 2 *"}),
        ],
        "PATCH /api/schedules/{schedule_id}": [_json({"cron": ",".join(map(str, range(60))) + " 0 29 2 *"})],
        "PUT /api/connections/{kind}": [_json({"account": {"token": "pat-na1-01234567-89ab"}})],
        "PUT /api/organisations/{organisation_id}/outbound-allow": [
            _json({"allow": [f"10.{n}.0.0/16" for n in range(200)]})
        ],
        "POST /api/keys": [_json({"name": "of pipelines", "pipelines": ["no-op", "checksum"]})],
        "PATCH /api/organisation": [_json({"naming": {"customers": NAMES, "not_customers": OTHERS}})],
    }
