"""What a webhook says, in each format. The shapes are documented in docs/webhooks.md."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from app.batches.models import Batch
from app.batches.responses import pipelines_of
from app.batches.schemas import links_of
from app.batches.states import COUNTERS
from app.batches.step_models import Event
from app.kit.placeholders import fill
from app.notifications.phrases import counted, sentence
from app.pipelines.models import PipelineRow

PING: Final = "ping"
EVENT_TYPES: Final = (
    "batch.created",
    "batch.queued",
    "batch.started",
    "batch.paused",
    "batch.resumed",
    "batch.alerted",
    "batch.cancelling",
    "batch.completed",
    "batch.partial",
    "batch.failed",
    "batch.cancelled",
)
EVERY_EVENT: Final = "batch.*"
MOST_BYTES: Final = 20_000
"""What the specification advises as the most of a payload; metadata and summary are left out when they pass it."""
_PLAIN: Final = (
    *("id", "name", "description", "status", "status_reason", "pause_reason", "customer_prefix", "parent_batch_id"),
    *("relation", "total_size", "processing_time_ms", "created_at", "started_at", "completed_at", "expires_at"),
)


def payload_of(event: Event, batch: Batch, pipeline: PipelineRow, base_url: str) -> dict[str, Any]:
    """An event as the standard format tells it, in JSON values: status and counters as the event left them.

    `base_url` goes before links; empty: they are paths.
    """
    links = links_of(batch.id, base_url).model_dump()
    members = {name: getattr(batch, name) for name in _PLAIN} | {
        "status": event.data.get("status") or batch.status,
        "pipeline": pipeline.key,
        "pipelines": pipelines_of(batch, pipeline),
        "counters": dict(zip(COUNTERS, event.counters, strict=True)),
        "metadata": batch.metadata_,
        "summary_data": batch.summary_data,
        "links": links | {"console": f"{base_url}/#/batches/{batch.id}"},
    }
    body = {
        "type": event.type,
        "timestamp": event.created_at,
        "data": {
            "event_id": event.id,
            "message": sentence(event.type, batch.name, event.data.get("reason")),
            "reason": event.data.get("reason"),
            "batch": members,
        },
    }
    if len(to_json(body)) > MOST_BYTES:
        members |= {"metadata": None, "summary_data": None}
    decoded: dict[str, Any] = json.loads(to_json(body))
    return decoded


def sample_payload() -> dict[str, Any]:
    """A payload of a batch that never was: what a ping tells of, and what templates are checked against."""
    now = datetime.now(UTC)
    batch = Batch(
        id=UUID(int=0),
        name="A test batch",
        status="completed",
        metadata_={},
        total_pipelines=1,
        total_size=0,
        created_at=now,
        started_at=now,
    )
    batch.completed_at, batch.processing_time_ms = now, 0
    event = Event(
        id=1, type="batch.completed", data={}, counters=[1, 0, 0, 1, 0, 0, 0, 0], created_at=now, batch_id=batch.id
    )
    return payload_of(event, batch, PipelineRow(key="none"), "")


def ping_payload(base_url: str) -> dict[str, Any]:
    """A payload for trying an endpoint out."""
    payload = sample_payload()
    payload["data"]["message"] = f"Tranche{f' at {base_url}' if base_url else ''} can reach this address."
    return payload | {"type": PING}


def render(format: str, template: dict[str, Any] | None, payload: dict[str, Any]) -> str:
    """The body in an endpoint's format."""
    match format:
        case "slack":
            body: Any = {"text": _slack_text(payload)}
        case "crm":
            body = fill(
                template,
                {"type": payload["type"], "timestamp": payload["timestamp"], **payload["data"]},
                missing="null",
            )
        case _:
            body = payload
    return to_json(body)


def to_json(value: Any) -> str:
    """Compact JSON. Not orjson's: a client's metadata may hold integers that it refuses."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _slack_text(payload: dict[str, Any]) -> str:
    data = payload["data"]
    message = _slack_escape(data["message"])
    if payload["type"] == PING:
        return message
    batch = data["batch"]
    lines = [message, _slack_escape(counted(batch["counters"]))]
    if batch["links"]["console"].startswith("http"):
        lines.append(f"<{batch['links']['console']}|Open the batch>")
    return "\n".join(lines)


def _slack_escape(text: str) -> str:
    """Slack's own three: without them a name could make a link or call a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
