"""What the API does with endpoints and their deliveries."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, changed, record
from app.auth.caller import Caller
from app.kit.declarations import raises
from app.kit.errors import existing
from app.kit.ids import new_id
from app.kit.outbound.addresses import HostNotReachable, parse_url
from app.kit.outbound.client import UrlNotAllowed, check_url
from app.kit.secrets.edits import SecretWanted
from app.kit.secrets.sealing import CannotUnseal, Sealer, hidden_in_text
from app.kit.secrets.signing import SigningKey
from app.limits import quotas
from app.limits.quotas import More, Quota
from app.notifications import repository
from app.notifications.errors import (
    DeliveryNotFound,
    TemplateNotWanted,
    UrlRefused,
    WebhookDisabled,
    WebhookNotFound,
)
from app.notifications.models import Outgoing, WebhookDelivery, WebhookEndpoint, WebhookSecret
from app.notifications.payload import PING, ping_payload
from app.notifications.schemas import WebhookCreate, WebhookUpdate
from app.notifications.sealed_webhooks import address_of, edited, make_body, sealed_fields
from app.notifications.signing_secrets import SALT_BYTES
from app.pipelines.errors import PipelineUnknown
from app.pipelines.registry import Registry

NOTIFY_CHANNEL: Final = "tranche_outbox"
OLD_SECRET_LIFE: Final = timedelta(hours=24)


@raises(UrlRefused)
async def check_target(url: str, allow: tuple[str, ...]) -> None:
    """Refuse a URL that may not be called; raises UrlRefused (422). It asks DNS: hold no transaction meanwhile.

    A host that is not there and one that may not be reached are answered the same: the names of an intranet are not
    ours to tell.
    """
    try:
        host = parse_url(url).host
        await check_url(url, allow)
    except HostNotReachable:
        raise UrlRefused(f"{host} is not an address that may be reached. The operator can allow it.") from None
    except UrlNotAllowed as error:
        raise UrlRefused(str(error)) from None


@raises(WebhookNotFound)
async def get_endpoint(
    session: AsyncSession, caller: Caller, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint:
    """The caller's endpoint; raises WebhookNotFound (404)."""
    return existing(
        await repository.find_endpoint(session, caller.organisation_id, endpoint_id, lock=lock), WebhookNotFound
    )


@raises(quotas.check, PipelineUnknown)
async def add_endpoint(
    session: AsyncSession, caller: Caller, registry: Registry, sealer: Sealer, key: SigningKey, body: WebhookCreate
) -> tuple[WebhookEndpoint, WebhookSecret]:
    """A new endpoint with its first secret; raises QuotaExceeded (429) and PipelineUnknown (422)."""
    await quotas.check(session, caller.organisation_id, {Quota.WEBHOOKS: More(1, repository.count_endpoints)})
    endpoint = WebhookEndpoint(
        organisation_id=caller.organisation_id,
        pipeline_id=_pipeline_id(registry, body.pipeline),
        **sealed_fields(sealer, body.model_dump(exclude={"pipeline"}), caller.organisation_id),
    )
    session.add(endpoint)
    await session.flush()
    target, told = _target(sealer, endpoint), _told(sealer, endpoint)
    await record(session, caller, Action.WEBHOOK_CREATED, target=target, details=told)
    return endpoint, await _add_secret(session, endpoint.id, key)


@raises(get_endpoint, TemplateNotWanted, PipelineUnknown, SecretWanted, CannotUnseal)
async def update_endpoint(
    session: AsyncSession, caller: Caller, registry: Registry, sealer: Sealer, endpoint_id: UUID, body: WebhookUpdate
) -> None:
    """Change what `body` names. Enabling forgets why it was disabled, and sends what waits."""
    endpoint = await get_endpoint(session, caller, endpoint_id, lock=True)
    given, was_enabled, before = body.model_fields_set, endpoint.enabled, _told(sealer, endpoint)
    sealed = edited(sealer, endpoint, {name: value for name in ("url", "template") if (value := getattr(body, name))})
    endpoint.url = sealed.get("url", endpoint.url)
    for name in ("events", "format", "enabled"):
        if name in given and getattr(body, name) is not None:
            setattr(endpoint, name, getattr(body, name))
    if "description" in given:
        endpoint.description = body.description
    if "pipeline" in given:
        endpoint.pipeline_id = _pipeline_id(registry, body.pipeline)
    if body.template is not None or "format" in given:
        kept = endpoint.template if endpoint.format == "crm" else None
        endpoint.template = sealed.get("template", kept)
    if (endpoint.format == "crm") != (endpoint.template is not None):
        raise TemplateNotWanted("The format crm needs a template, and no other format takes one.")
    if endpoint.enabled and not was_enabled:
        endpoint.disabled_reason = endpoint.failing_since = None
        await repository.make_waiting_due(session, endpoint_id)
        await repository.wake_senders(session, NOTIFY_CHANNEL)
    endpoint.updated_at = func.now()
    await session.flush()
    details = changed(before, _told(sealer, endpoint)) | {"members": sorted(given)}
    await record(session, caller, Action.WEBHOOK_UPDATED, target=_target(sealer, endpoint), details=details)


@raises(get_endpoint)
async def delete_endpoint(session: AsyncSession, caller: Caller, sealer: Sealer, endpoint_id: UUID) -> None:
    """Remove an endpoint with what was sent to it."""
    endpoint = await get_endpoint(session, caller, endpoint_id)
    target, told = _target(sealer, endpoint), _told(sealer, endpoint)
    await record(session, caller, Action.WEBHOOK_DELETED, target=target, details=told)
    await repository.delete_endpoint(session, endpoint.id)


def _target(sealer: Sealer, endpoint: WebhookEndpoint) -> Target:
    return Target("webhook", endpoint.id, _host(sealer, endpoint))


def _told(sealer: Sealer, endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What the audit log may tell of an endpoint: of its address the host only, as a path may be a secret."""
    plain = {name: getattr(endpoint, name) for name in ("events", "format", "enabled", "pipeline_id")}
    return plain | {"host": _host(sealer, endpoint)}


def _host(sealer: Sealer, endpoint: WebhookEndpoint) -> str | None:
    try:
        return urlsplit(address_of(sealer, endpoint)).hostname
    except CannotUnseal:  # it can be removed all the same
        return None


@raises(get_endpoint)
async def rotate_secret(
    session: AsyncSession, caller: Caller, sealer: Sealer, key: SigningKey, endpoint_id: UUID
) -> tuple[WebhookSecret, datetime]:
    """A new secret, and until when the one before is used beside it."""
    endpoint = await get_endpoint(session, caller, endpoint_id, lock=True)
    await record(session, caller, Action.WEBHOOK_SECRET_ROTATED, target=_target(sealer, endpoint))
    until: datetime = (await session.execute(select(func.now() + OLD_SECRET_LIFE))).scalar_one()
    await repository.expire_secrets(session, endpoint_id, until)
    return await _add_secret(session, endpoint_id, key), until


@raises(get_endpoint, WebhookDisabled, CannotUnseal)
async def add_ping(
    session: AsyncSession, caller: Caller, sealer: Sealer, endpoint_id: UUID, base_url: str
) -> WebhookDelivery:
    """A delivery that tells of nothing, to try the endpoint out; raises WebhookDisabled (409)."""
    endpoint = await get_endpoint(session, caller, endpoint_id)
    _check_enabled(endpoint)
    body = make_body(sealer, endpoint, ping_payload(base_url))
    delivery = WebhookDelivery(endpoint_id=endpoint_id, event_type=PING, body=body)
    session.add(delivery)
    await session.flush()
    await session.refresh(delivery)
    await repository.wake_senders(session, NOTIFY_CHANNEL)
    await record(session, caller, Action.WEBHOOK_TESTED, target=_target(sealer, endpoint))
    return delivery


@raises(DeliveryNotFound)
async def get_delivery(session: AsyncSession, caller: Caller, endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """A delivery of the caller's endpoint; raises WebhookNotFound and DeliveryNotFound (404)."""
    await get_endpoint(session, caller, endpoint_id)
    return existing(await repository.find_delivery(session, endpoint_id, delivery_id), DeliveryNotFound)


@raises(get_endpoint, WebhookDisabled, DeliveryNotFound)
async def redeliver(
    session: AsyncSession, caller: Caller, sealer: Sealer, endpoint_id: UUID, delivery_id: UUID
) -> WebhookDelivery:
    """Send a delivery again, now, with the same id and the same body, and a fresh schedule of tries."""
    endpoint = await get_endpoint(session, caller, endpoint_id)
    delivery = await get_delivery(session, caller, endpoint_id, delivery_id)
    _check_enabled(endpoint)
    delivery.status, delivery.attempts, delivery.completed_at, delivery.claim_token = "pending", 0, None, None
    delivery.next_attempt_at, delivery.error = func.clock_timestamp(), None
    await session.flush()
    await session.refresh(delivery)
    await repository.wake_senders(session, NOTIFY_CHANNEL)
    details = {"delivery_id": delivery.id}
    target = _target(sealer, endpoint)
    await record(session, caller, Action.WEBHOOK_REDELIVERED, target=target, details=details)
    return delivery


def _check_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.enabled:
        raise WebhookDisabled("The webhook is disabled. Enable it first.")


def _pipeline_id(registry: Registry, name: str | None) -> int | None:
    return None if name is None else registry.id_of(registry.get(name))


async def _add_secret(session: AsyncSession, endpoint_id: UUID, key: SigningKey) -> WebhookSecret:
    secret = WebhookSecret(id=new_id(), endpoint_id=endpoint_id, salt=secrets.token_bytes(SALT_BYTES), key_id=key.id)
    session.add(secret)
    await session.flush()
    return secret


def outgoing_fields(row: Outgoing) -> dict[str, Any]:
    """A row's columns as replies show them: `next_attempt_at` only while there is a next attempt."""
    own = {column.key: getattr(row, column.key) for column in inspect(type(row)).columns}
    return own | {"next_attempt_at": row.next_attempt_at if row.status == "pending" else None}


def delivery_fields(delivery: WebhookDelivery) -> dict[str, Any]:
    """A row as the members of DeliveryRead."""
    more = {"webhook_id": delivery.endpoint_id, "message_id": message_id(delivery.id)}
    return outgoing_fields(delivery) | more | {"body": hidden_in_text(delivery.body) if delivery.body else None}


def message_id(delivery_id: UUID) -> str:
    """The header `webhook-id`."""
    return f"msg_{delivery_id.hex}"
