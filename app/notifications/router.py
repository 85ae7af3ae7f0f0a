"""Webhooks: who is notified, and of what."""

from __future__ import annotations

from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.auth.dependencies import AdminDep, ReaderDep, opens_everything
from app.batches.dependencies import BatchDep
from app.connections.dependencies import OutboundClientsDep
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import DatabaseDep, PageDep, SealerDep, SessionDep, SigningKeyDep
from app.kit.errors import FilterNotReadable, existing
from app.kit.filters import read_word
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.signing import SigningKey
from app.notifications import repository, service
from app.notifications.dependencies import SettingsDep
from app.notifications.errors import WebhookNotFound
from app.notifications.schemas import (
    DELIVERY_ALIASES,
    BatchNotifications,
    DeliveryDetail,
    DeliveryPage,
    DeliveryRead,
    DeliveryStatus,
    LastDelivery,
    MailRead,
    SecretRotated,
    WebhookCreate,
    WebhookCreated,
    WebhookPage,
    WebhookRead,
    WebhookUpdate,
)
from app.notifications.sealed_webhooks import shown_address, shown_template
from app.notifications.service import delivery_fields, outgoing_fields
from app.notifications.signing_secrets import webhook_secret
from app.pipelines.dependencies import RegistryDep

_TAG = RouteTag("webhooks", "Who is told what happens to batches, and what was sent to whom.")
router = APIRouter(prefix="/api", tags=[_TAG])
DELIVERY = "/api/webhooks/{webhook_id}/deliveries/{id}"


def _read(sealer: Sealer, row: Row[Any]) -> WebhookRead:
    last = row.last_at and LastDelivery(event_type=row.last_type, status=row.last_status, at=row.last_at)
    return WebhookRead.of(
        row[0],
        url=shown_address(sealer, row[0]),
        template=shown_template(row[0]),
        pipeline=row.pipeline,
        secret_rotated_at=row.secret_rotated_at,
        old_secret_expires_at=row.old_secret_expires_at,
        last_delivery=last,
    )


async def _get(session: AsyncSession, caller: Caller, sealer: Sealer, webhook_id: UUID) -> WebhookRead:
    row = existing(await repository.find_endpoint_read(session, caller.organisation_id, webhook_id), WebhookNotFound)
    return _read(sealer, row)


async def _make_secret(session: AsyncSession, key: SigningKey, kept: dict[str, Any]) -> str:
    secret = await repository.find_secret(session, UUID(kept["secret_id"]))
    known = webhook_secret(key, secret) if secret else None
    if known is None:
        raise WebhookNotFound("The secret of that request is no longer valid.")
    return known


@router.get("/webhooks", dependencies=[Depends(opens_everything)])
async def list_webhooks(session: SessionDep, caller: ReaderDep, sealer: SealerDep, page: PageDep) -> WebhookPage:
    """The organisation's webhooks, newest first."""
    found = await repository.list_endpoints(session, caller.organisation_id, page)
    return WebhookPage(webhooks=[_read(sealer, row) for row in found.rows], next_cursor=found.next_cursor)


@router.post("/webhooks", status_code=201)
@raises(service.check_target, service.add_endpoint, WebhookNotFound)
@sends("Location")
async def create_webhook(
    body: WebhookCreate,
    caller: AdminDep,
    database: DatabaseDep,
    registry: RegistryDep,
    clients: OutboundClientsDep,
    sealer: SealerDep,
    key: SigningKeyDep,
    once: OnceDep,
) -> WebhookCreated:
    """A new webhook. The reply holds its secret, this once."""
    async with database.transaction() as session:
        known = await once.find(session, body)
    if known is None:
        await service.check_target(body.url, await clients.allowed(caller.organisation_id))
    async with database.transaction() as session:

        async def make() -> dict[str, Any]:
            endpoint, secret = await service.add_endpoint(session, caller, registry, sealer, key, body)
            return {"read": await _get(session, caller, sealer, endpoint.id), "secret_id": secret.id}

        kept = await once.run(session, body, make, location="/api/webhooks/{read[id]}")
        secret = await _make_secret(session, key, kept)
    return WebhookCreated(**kept["read"], secret=secret)


@router.get("/webhooks/{webhook_id}", dependencies=[Depends(opens_everything)])
@raises(WebhookNotFound)
async def get_webhook(webhook_id: UUID, session: SessionDep, caller: ReaderDep, sealer: SealerDep) -> WebhookRead:
    """One webhook. Secrets in its address and template are `***`."""
    return await _get(session, caller, sealer, webhook_id)


@router.patch("/webhooks/{webhook_id}")
@raises(service.check_target, service.update_endpoint)
async def update_webhook(
    webhook_id: UUID,
    body: WebhookUpdate,
    caller: AdminDep,
    database: DatabaseDep,
    registry: RegistryDep,
    clients: OutboundClientsDep,
    sealer: SealerDep,
) -> WebhookRead:
    """Change a webhook; members that are not sent stay as they are. Enabling it sends what has waited.

    What comes back as `***` is the secret that was there, unless the template's would go to another host.
    """
    if body.url:
        await service.check_target(body.url, await clients.allowed(caller.organisation_id))
    async with database.transaction() as session:
        await service.update_endpoint(session, caller, registry, sealer, webhook_id, body)
        return await _get(session, caller, sealer, webhook_id)


@router.delete("/webhooks/{webhook_id}", status_code=204)
@raises(service.delete_endpoint)
async def delete_webhook(webhook_id: UUID, session: SessionDep, caller: AdminDep, sealer: SealerDep) -> None:
    """Remove a webhook with its log; what was still to be delivered is not sent."""
    await service.delete_endpoint(session, caller, sealer, webhook_id)


@router.post("/webhooks/{webhook_id}/rotate-secret")
@raises(service.rotate_secret)
async def rotate_webhook_secret(
    webhook_id: UUID, session: SessionDep, caller: AdminDep, sealer: SealerDep, key: SigningKeyDep, once: OnceDep
) -> SecretRotated:
    """A new secret, shown only once. For 24 hours deliveries carry a signature of the old one as well."""

    async def make() -> dict[str, Any]:
        secret, until = await service.rotate_secret(session, caller, sealer, key, webhook_id)
        return {"secret_id": secret.id, "old_secret_expires_at": until}

    kept = await once.run(session, None, make)
    return SecretRotated(**kept, secret=await _make_secret(session, key, kept))


@router.post("/webhooks/{webhook_id}/test", status_code=202)
@raises(service.add_ping, service.get_delivery)
@sends("Location")
async def test_webhook(
    webhook_id: UUID, session: SessionDep, caller: AdminDep, sealer: SealerDep, settings: SettingsDep, once: OnceDep
) -> DeliveryRead:
    """Send a `ping`. The reply is its delivery, to be asked for again."""

    async def make() -> dict[str, Any]:
        return delivery_fields(await service.add_ping(session, caller, sealer, webhook_id, settings.base_url))

    return await once.answer(session, None, make, DeliveryRead, location=DELIVERY)


@router.get("/webhooks/{webhook_id}/deliveries", dependencies=[Depends(opens_everything)])
@raises(service.get_endpoint, FilterNotReadable)
async def list_webhook_deliveries(
    webhook_id: UUID,
    session: SessionDep,
    caller: ReaderDep,
    page: PageDep,
    status: Annotated[str | None, Query(max_length=40, description="One of pending, delivered, failed.")] = None,
) -> DeliveryPage:
    """What was sent to a webhook, or will be, newest first. Kept for 30 days after its end."""
    await service.get_endpoint(session, caller, webhook_id)
    word = read_word(status, get_args(DeliveryStatus), DELIVERY_ALIASES)
    found = await repository.list_deliveries(session, webhook_id, word, page)
    deliveries = [DeliveryRead(**delivery_fields(row)) for row in found.rows]
    return DeliveryPage(deliveries=deliveries, next_cursor=found.next_cursor)


@router.get("/webhooks/{webhook_id}/deliveries/{delivery_id}", dependencies=[Depends(opens_everything)])
@raises(WebhookNotFound, service.get_delivery)
async def get_webhook_delivery(
    webhook_id: UUID, delivery_id: UUID, session: SessionDep, caller: ReaderDep
) -> DeliveryDetail:
    """One delivery with its body and the beginning of the last answer."""
    return DeliveryDetail(**delivery_fields(await service.get_delivery(session, caller, webhook_id, delivery_id)))


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", status_code=202)
@raises(service.redeliver)
@sends("Location")
async def redeliver_webhook(
    webhook_id: UUID, delivery_id: UUID, session: SessionDep, caller: AdminDep, sealer: SealerDep, once: OnceDep
) -> DeliveryRead:
    """Send a delivery again, with the same webhook-id."""

    async def make() -> dict[str, Any]:
        return delivery_fields(await service.redeliver(session, caller, sealer, webhook_id, delivery_id))

    return await once.answer(session, None, make, DeliveryRead, location=DELIVERY)


@router.get("/batches/{batch_id}/notifications")
async def get_batch_notifications(caller: ReaderDep, row: BatchDep, session: SessionDep) -> BatchNotifications:
    """Who was notified of a batch: its mail, and its deliveries to webhooks."""
    mail = await repository.find_mail(session, row.batch.id)
    deliveries = await repository.list_deliveries_of_batch(session, row.batch.id)
    return BatchNotifications(
        mail=MailRead(**outgoing_fields(mail)) if mail else None,
        deliveries=[DeliveryRead(**delivery_fields(row)) for row in deliveries],
    )
