"""Who wants to be notified, and the outbox: rows written in the transaction of the event that they are about.

A trigger on the event log writes them (see the migration and docs/decisions/0016-outbox.md), whoever writes the event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id

Timestamp = DateTime(timezone=True)
PENDING = text("status = 'pending'")


class WebhookEndpoint(Base):
    """A URL of an organisation that is notified of events. `failing_since`: nothing got through since then."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("format in ('standard', 'slack', 'crm')", name="format"),
        CheckConstraint("(format = 'crm') = (template is not null)", name="crm_has_template"),
        CheckConstraint("not enabled or disabled_reason is null", name="disabled_has_reason"),
        Index("ix_webhook_endpoints_organisation_id_created_at", "organisation_id", text("created_at desc"), "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    description: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    pipeline_id: Mapped[int | None] = mapped_column(ForeignKey("pipelines.id"))
    format: Mapped[str] = mapped_column(Text)
    template: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    enabled: Mapped[bool] = mapped_column(Boolean)
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    failing_since: Mapped[datetime | None] = mapped_column(Timestamp)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class WebhookSecret(Base):
    """What a secret is made from, with the installation's secret (see signing_secrets.py); it is not kept as it is.

    `key_id` tells which of the installation's secrets that was. `sealed` is the secret itself, encrypted, once that one
    was replaced. One row without `expires_at` is the endpoint's current secret.
    """

    __tablename__ = "webhook_secrets"
    __table_args__ = (
        Index("uq_webhook_secrets_current", "endpoint_id", unique=True, postgresql_where=text("expires_at is null")),
        Index("ix_webhook_secrets_endpoint_id", "endpoint_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())
    expires_at: Mapped[datetime | None] = mapped_column(Timestamp)


class Outgoing:
    """What webhooks and mail have in common.

    A claim moves `next_attempt_at` past its lease and sets a new `claim_token`, which every later write must name: who
    was too slow writes nothing, and what a dead process held is due again by itself.
    """

    status: Mapped[str] = mapped_column(Text, server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())
    claim_token: Mapped[UUID | None] = mapped_column()
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())
    completed_at: Mapped[datetime | None] = mapped_column(Timestamp)


class WebhookDelivery(Outgoing, Base):
    """One event for one endpoint; a ping has no batch. `tries` are the last ones, `body` is what every try sends."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("batch_id", "event_id", "endpoint_id", name="uq_webhook_deliveries_event"),
        CheckConstraint("status in ('pending', 'delivered', 'failed')", name="status"),
        CheckConstraint("(status = 'pending') = (completed_at is null)", name="ended_has_time"),
        CheckConstraint("(batch_id is null) = (event_id is null)", name="event_of_batch"),
        Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", text("created_at desc"), text("id desc")),
        Index("ix_webhook_deliveries_due", "endpoint_id", "next_attempt_at", postgresql_where=PENDING),
        Index("ix_webhook_deliveries_completed_at", "completed_at", postgresql_where=text("completed_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    event_type: Mapped[str] = mapped_column(Text)
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[str | None] = mapped_column(Text)
    response_excerpt: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))


class BatchMail(Outgoing, Base):
    """The mail at the end of a batch; its key makes it one. `organisation_id` is the batch's: mails go by turns."""

    __tablename__ = "batch_mails"
    __table_args__ = (
        CheckConstraint("status in ('pending', 'sent', 'failed', 'skipped')", name="status"),
        CheckConstraint("(status = 'pending') = (completed_at is null)", name="ended_has_time"),
        Index("ix_batch_mails_turn", "organisation_id", "next_attempt_at", postgresql_where=PENDING),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column()
    recipient: Mapped[str] = mapped_column(Text)
