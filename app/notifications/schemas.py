"""Request and reply bodies of webhooks, and the notifications of a batch."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.batches.schemas import Url
from app.kit.schemas import Input, JsonObject, Output, ShortText
from app.notifications.body_templates import check_template
from app.notifications.payload import EVENT_TYPES, EVERY_EVENT, sample_payload

Format = Literal["standard", "slack", "crm"]
DeliveryStatus = Literal["pending", "delivered", "failed"]
DELIVERY_ALIASES: Final = {
    "queued": "pending",
    "in_progress": "pending",
    "success": "delivered",
    "completed": "delivered",
}
"""Words of batches and of older clients that the log's filter takes as well."""
MOST_TEMPLATE_BYTES = 20_000
DEFAULT_EVENTS = ("batch.completed", "batch.partial", "batch.failed", "batch.cancelled")


def _check_events(events: list[str]) -> list[str]:
    known = (*EVENT_TYPES, EVERY_EVENT)
    if unknown := [event for event in events if event not in known]:
        raise ValueError(f"there is no event {unknown[0][:40]!r}; there are: {', '.join(known)}")
    return list(dict.fromkeys(events))


def _check_template(template: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(template)) > MOST_TEMPLATE_BYTES:
        raise ValueError(f"must not be longer than {MOST_TEMPLATE_BYTES:,} bytes as JSON")
    sample = sample_payload()
    check_template(template, {"type": "", "timestamp": "", **sample["data"]})
    return template


Events = Annotated[list[ShortText], Field(min_length=1, max_length=20), AfterValidator(_check_events)]
Template = Annotated[JsonObject, AfterValidator(_check_template)]


class WebhookCreate(Input):
    url: Url = Field(description="Where to send. It must be reachable from the internet, or allowed by the operator.")
    description: ShortText | None = None
    events: Events = Field(list(DEFAULT_EVENTS), description="Event types, or `batch.*` for all of them.")
    pipeline: ShortText | None = Field(None, description="Only batches in which this pipeline works, by key or id.")
    format: Format = Field("standard", description="slack: a text for a chat's incoming webhook. crm: `template`.")
    template: Template | None = Field(None, description="The body of format crm, with places like {{batch.name}}.")
    enabled: bool = True

    @model_validator(mode="after")
    def check_format(self) -> Self:
        if (self.format == "crm") != (self.template is not None):
            raise ValueError("the format crm needs a template, and no other format takes one")
        return self


class WebhookUpdate(Input):
    """Members that are not sent stay as they are; null clears description and pipeline."""

    url: Url | None = None
    description: ShortText | None = None
    events: Events | None = None
    pipeline: ShortText | None = None
    format: Format | None = None
    template: Template | None = None
    enabled: bool | None = None


class LastDelivery(Output):
    event_type: str
    status: str
    at: datetime


class WebhookRead(Output):
    id: UUID
    url: str
    description: str | None
    events: list[str]
    pipeline: str | None
    format: Format
    template: dict[str, Any] | None
    enabled: bool
    disabled_reason: str | None = Field(description="gone (it answered 410) or failing (nothing got through for days).")
    failing_since: datetime | None
    secret_rotated_at: datetime
    old_secret_expires_at: datetime | None = Field(description="Until then two signatures are sent.")
    last_delivery: LastDelivery | None
    created_at: datetime
    updated_at: datetime


class WebhookCreated(WebhookRead):
    secret: str = Field(description="What deliveries are signed with. It is shown only once.")


class SecretRotated(Output):
    secret: str = Field(description="The new secret. It is shown only once.")
    old_secret_expires_at: datetime


class WebhookPage(Output):
    webhooks: list[WebhookRead]
    next_cursor: str | None


class DeliveryAttemptRead(Output):
    at: datetime
    status: int | None = Field(description="HTTP status; null when there was no answer.")
    error: str | None
    milliseconds: int


class DeliveryRead(Output):
    id: UUID
    webhook_id: UUID
    message_id: str = Field(description="The header webhook-id, the same at every try.")
    event_type: str
    batch_id: UUID | None
    event_id: int | None
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    error: str | None
    created_at: datetime
    completed_at: datetime | None
    tries: list[DeliveryAttemptRead]


class DeliveryDetail(DeliveryRead):
    body: str | None = Field(description="What is sent, once it has been tried.")
    response_excerpt: str | None = Field(description="The beginning of the last answer.")


class DeliveryPage(Output):
    deliveries: list[DeliveryRead]
    next_cursor: str | None


class MailRead(Output):
    recipient: str
    status: Literal["pending", "sent", "failed", "skipped"]
    attempts: int
    next_attempt_at: datetime | None
    error: str | None
    completed_at: datetime | None


class BatchNotifications(Output):
    """Who was notified of a batch, newest first."""

    mail: MailRead | None
    deliveries: list[DeliveryRead]
