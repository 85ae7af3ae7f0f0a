"""Rows of endpoints, their secrets and their deliveries, as the API reads and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.kit.pages import Page, PageRequest, paginate, paginate_one
from app.kit.secrets.sealing import CannotUnseal, Sealer
from app.kit.secrets.signing import SigningKey
from app.notifications.models import BatchMail, WebhookDelivery, WebhookEndpoint, WebhookSecret
from app.notifications.signing_secrets import move
from app.pipelines.models import PipelineRow

_DELIVERIES_OF_BATCH = 200
RESEALED_AT_A_TIME = 500


def _endpoints(organisation_id: UUID) -> Select[Any]:
    """Endpoint, pipeline's key, when its secret was made, until when an older one counts, and its newest delivery."""
    current, old = aliased(WebhookSecret), aliased(WebhookSecret)
    older = (
        select(func.max(old.expires_at))
        .where(old.endpoint_id == WebhookEndpoint.id, old.expires_at > func.now())
        .scalar_subquery()
    )
    newest = (
        select(WebhookDelivery.event_type, WebhookDelivery.status, WebhookDelivery.created_at)
        .where(WebhookDelivery.endpoint_id == WebhookEndpoint.id)
        .order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
        .limit(1)
        .lateral()
    )
    return (
        select(
            WebhookEndpoint,
            PipelineRow.key.label("pipeline"),
            current.created_at.label("secret_rotated_at"),
            older.label("old_secret_expires_at"),
            newest.c.event_type.label("last_type"),
            newest.c.status.label("last_status"),
            newest.c.created_at.label("last_at"),
        )
        .join(current, (current.endpoint_id == WebhookEndpoint.id) & current.expires_at.is_(None))
        .outerjoin(PipelineRow, PipelineRow.id == WebhookEndpoint.pipeline_id)
        .outerjoin(newest, newest.c.created_at.is_not(None))
        .where(WebhookEndpoint.organisation_id == organisation_id)
    )


async def list_endpoints(session: AsyncSession, organisation_id: UUID, page: PageRequest) -> Page[Row[Any]]:
    """One page of endpoints, newest first."""
    key = (WebhookEndpoint.created_at, WebhookEndpoint.id)
    return await paginate(session, _endpoints(organisation_id), page, key=key, descending=True)


async def find_endpoint_read(session: AsyncSession, organisation_id: UUID, endpoint_id: UUID) -> Row[Any] | None:
    """The endpoint as `list_endpoints` gives it."""
    query = _endpoints(organisation_id).where(WebhookEndpoint.id == endpoint_id)
    found: Row[Any] | None = (await session.execute(query.execution_options(populate_existing=True))).one_or_none()
    return found


async def find_endpoint(
    session: AsyncSession, organisation_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint | None:
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id, WebhookEndpoint.organisation_id == organisation_id
    )
    if lock:
        query = query.with_for_update(key_share=True)
    return (await session.execute(query)).scalar_one_or_none()


async def count_endpoints(session: AsyncSession, organisation_id: UUID) -> int:
    query = select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.organisation_id == organisation_id)
    return (await session.execute(query)).scalar_one()


async def delete_endpoint(session: AsyncSession, endpoint_id: UUID) -> None:
    await session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))


async def find_secret(session: AsyncSession, secret_id: UUID) -> WebhookSecret | None:
    return await session.get(WebhookSecret, secret_id)


async def expire_secrets(session: AsyncSession, endpoint_id: UUID, at: datetime) -> None:
    """End the current secret at a time, and forget those whose time is over."""
    mine = WebhookSecret.endpoint_id == endpoint_id
    await session.execute(delete(WebhookSecret).where(mine, WebhookSecret.expires_at < func.now()))
    await session.execute(update(WebhookSecret).where(mine, WebhookSecret.expires_at.is_(None)).values(expires_at=at))


async def reseal_secrets(session: AsyncSession, key: SigningKey) -> int:
    """Move secrets over to the installation's current secret, as many as fit into one transaction; returns how many."""
    before = {secret.id: secret for secret in key.valid() if secret.id != key.id}
    query = select(WebhookSecret).where(WebhookSecret.key_id.in_(before)).limit(RESEALED_AT_A_TIME)
    rows = (await session.execute(query.with_for_update(skip_locked=True))).scalars().all()
    for row in rows:
        move(row, before[row.key_id], key.current)
    await session.flush()
    return sum(row.key_id == key.id for row in rows)


async def reseal_bodies(session: AsyncSession, key: SigningKey) -> int:
    """The same for secrets in the bodies of deliveries."""
    sealer = Sealer(key)
    wanted = or_(false(), *(WebhookDelivery.body.contains(f'"{mark}') for mark in sealer.marks_before()))
    query = select(WebhookDelivery, WebhookEndpoint.organisation_id).where(wanted).limit(RESEALED_AT_A_TIME)
    query = query.join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    moved = 0
    for row, owner in (await session.execute(query.with_for_update(of=WebhookDelivery, skip_locked=True))).all():
        with suppress(CannotUnseal):  # nobody can read it
            row.body = sealer.renew_text(row.body or "", owner)
            moved += 1
    await session.flush()
    return moved


async def list_deliveries(
    session: AsyncSession, endpoint_id: UUID, status: str | None, page: PageRequest
) -> Page[WebhookDelivery]:
    """One page of an endpoint's deliveries, newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
    if status:
        query = query.where(WebhookDelivery.status == status)
    key = (WebhookDelivery.created_at, WebhookDelivery.id)
    return await paginate_one(session, query, page, key=key, descending=True)


async def find_delivery(session: AsyncSession, endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery | None:
    query = select(WebhookDelivery).where(WebhookDelivery.id == delivery_id, WebhookDelivery.endpoint_id == endpoint_id)
    return (await session.execute(query)).scalar_one_or_none()


async def make_waiting_due(session: AsyncSession, endpoint_id: UUID) -> None:
    """Let an endpoint's deliveries go on now, but for those that are being sent."""
    waiting = (WebhookDelivery.status == "pending", WebhookDelivery.claim_token.is_(None))
    due = update(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id, *waiting)
    await session.execute(due.values(next_attempt_at=func.clock_timestamp()))


async def list_deliveries_of_batch(session: AsyncSession, batch_id: UUID) -> Sequence[WebhookDelivery]:
    """The newest deliveries about a batch."""
    query = select(WebhookDelivery).where(WebhookDelivery.batch_id == batch_id)
    query = query.order_by(WebhookDelivery.event_id.desc(), WebhookDelivery.id).limit(_DELIVERIES_OF_BATCH)
    return (await session.execute(query)).scalars().all()


async def find_mail(session: AsyncSession, batch_id: UUID) -> BatchMail | None:
    return await session.get(BatchMail, batch_id)


async def wake_senders(session: AsyncSession, channel: str) -> None:
    """Let the senders know, with the commit, that something is due."""
    await session.execute(select(func.pg_notify(channel, "")))
