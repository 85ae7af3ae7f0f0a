"""Sends webhooks as the Standard Webhooks specification says."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Batch
from app.batches.step_models import Event
from app.connections.outbound import OutboundClients
from app.kit.db import Database
from app.kit.secrets.in_logs import hide_here
from app.kit.secrets.sealing import CannotUnseal, Sealer
from app.kit.secrets.signing import SigningKey
from app.kit.words import quantity
from app.notifications import claim_repository
from app.notifications.http_delivery import Answer, WebhookMessage, post
from app.notifications.metrics import DELIVERIES
from app.notifications.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from app.notifications.payload import payload_of
from app.notifications.sealed_webhooks import address_of, make_body, opened_body, secret_texts
from app.notifications.sender import next_try
from app.notifications.signing_secrets import webhook_secret
from app.pipelines.models import PipelineRow

log = logging.getLogger("tranche.webhooks")
DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""The specification's own schedule, after a first try at once."""
GIVE_UP_AFTER: Final = timedelta(days=5)
LEASE: Final = timedelta(seconds=45)
"""Three times the longest send."""
SLOTS, SLOTS_OF_ENDPOINT = 32, 4
"""A receiver that hangs holds up its own deliveries and nobody else's."""
KEPT: Final = timedelta(days=30)
MOST_TRIES, MOST_SIGNATURES = 20, 4


class WebhookChannel:
    """`base_url` goes before the links in bodies; a webhook reaches what its organisation may."""

    slots, model = SLOTS, WebhookDelivery

    def __init__(self, database: Database, key: SigningKey, clients: OutboundClients, *, base_url: str) -> None:
        self._database, self._key, self._clients, self._base_url = database, key, clients, base_url
        self._sealer, self._busy = Sealer(key), Counter[UUID]()

    async def start(self) -> None:
        async with self._database.transaction() as session:
            query = select(func.count()).select_from(WebhookSecret)
            query = query.where(WebhookSecret.expires_at.is_(None), WebhookSecret.key_id.not_in(self._key_ids()))
            strangers = (await session.execute(query)).scalar_one()
        if strangers:
            message = "this process cannot send to %s: the secret is made from another TRANCHE_SECRET_KEY"
            log.warning(message, quantity(strangers, "webhook"))

    async def stop(self) -> None:
        """The clients are closed by who made them."""

    def any_due(self) -> ColumnElement[bool]:
        """For the lookout: whether there is anything to send."""
        return claim_repository.any_delivery(self._key_ids())

    async def find_due(self, session: AsyncSession) -> Sequence[UUID]:
        return await claim_repository.list_owed_deliveries(session, self._key_ids())

    async def claim(self, session: AsyncSession, room: Mapping[UUID, int]) -> Sequence[WebhookMessage]:
        """Due deliveries of enabled endpoints. A body is made at the first claim, and kept for every try."""
        claimed = await claim_repository.claim_deliveries(
            session, self._key_ids(), self._busy, slots=SLOTS_OF_ENDPOINT, room=room, lease=LEASE
        )
        if not claimed:
            return []
        query = (
            select(WebhookDelivery, WebhookEndpoint, Event, Batch, PipelineRow)
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
            .outerjoin(Event, (Event.batch_id == WebhookDelivery.batch_id) & (Event.id == WebhookDelivery.event_id))
            .outerjoin(Batch, Batch.id == WebhookDelivery.batch_id)
            .outerjoin(PipelineRow, PipelineRow.id == Batch.pipeline_id)
            .where(WebhookDelivery.id.in_(claimed))
            .order_by(WebhookDelivery.created_at)
        )
        rows = (await session.execute(query)).all()
        secrets = await self._secrets(session, {delivery.endpoint_id for delivery, *_ in rows})
        messages = []
        for delivery, endpoint, event, batch, pipeline in rows:
            try:
                if endpoint.id not in secrets:
                    raise CannotUnseal("The webhook's secret cannot be read here.")
                if delivery.body is None:
                    payload = payload_of(event, batch, pipeline, self._base_url)
                    delivery.body = make_body(self._sealer, endpoint, payload)
                assert delivery.claim_token  # it was set just now
                messages.append(
                    WebhookMessage(
                        token=delivery.claim_token,
                        organisation_id=endpoint.organisation_id,
                        delivery_id=delivery.id,
                        endpoint_id=endpoint.id,
                        url=address_of(self._sealer, endpoint),
                        body=opened_body(self._sealer, delivery.body, endpoint.organisation_id),
                        secrets=secrets[endpoint.id],
                        hidden=secret_texts(self._sealer, endpoint),
                        attempts=delivery.attempts,
                        tries=delivery.tries,
                    )
                )
            except CannotUnseal as error:  # it never can be sent, so it ends: its lease would lapse again and again
                log.error("delivery %s of webhook %s has failed: %s", delivery.id, endpoint.id, error)
                delivery.status, delivery.error, delivery.claim_token = "failed", f"SECRET_NOT_READABLE: {error}", None
                delivery.completed_at = func.clock_timestamp()
        await session.flush()
        return messages

    def _key_ids(self) -> list[str]:
        return [secret.id for secret in self._key.valid()]

    async def _secrets(self, session: AsyncSession, endpoint_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
        """The secrets that count now, the newest first."""
        alive = WebhookSecret.expires_at.is_(None) | (WebhookSecret.expires_at > func.now())
        query = select(WebhookSecret).where(WebhookSecret.endpoint_id.in_(endpoint_ids), alive)
        query = query.where(WebhookSecret.key_id.in_(self._key_ids())).order_by(WebhookSecret.created_at.desc())
        found: dict[UUID, list[str]] = defaultdict(list)
        for row in (await session.execute(query)).scalars():
            if secret := webhook_secret(self._key, row):
                found[row.endpoint_id].append(secret)
        return {endpoint_id: secrets[:MOST_SIGNATURES] for endpoint_id, secrets in found.items()}

    async def send(self, message: WebhookMessage) -> float | None:
        self._busy[message.endpoint_id] += 1
        hide_here(message.hidden)
        try:
            answer = await post(self._clients.of(message.organisation_id), message)
            return await self._record(message, answer)
        finally:
            self._busy[message.endpoint_id] -= 1
            self._busy += Counter()  # forgets those at zero

    async def _record(self, message: WebhookMessage, answer: Answer) -> float | None:
        """Write the outcome, the endpoint's row before the delivery's, as deleting an endpoint locks them."""
        attempts, delay = message.attempts + 1, None
        if answer.error and answer.status != 410:
            delay = next_try(attempts, DELAYS)
        if delay and answer.wait:
            delay = max(delay, timedelta(seconds=answer.wait))
        status = "delivered" if answer.error is None else "pending" if delay else "failed"
        attempt = {"status": answer.status, "error": answer.error, "milliseconds": answer.milliseconds}
        attempt["at"] = datetime.now(UTC).isoformat()
        async with self._database.transaction() as session:
            await self._judge(session, message.endpoint_id, answer, over=status == "failed")
            changes: dict[str, Any] = {
                "status": status,
                "attempts": attempts,
                "claim_token": None,
                "error": answer.error,
                "response_excerpt": answer.excerpt,
                "completed_at": None if delay else func.clock_timestamp(),
                "tries": [*message.tries, attempt][-MOST_TRIES:],
            }
            if delay:
                changes["next_attempt_at"] = func.clock_timestamp() + delay
            mine = (WebhookDelivery.id == message.delivery_id, WebhookDelivery.claim_token == message.token)
            await session.execute(update(WebhookDelivery).where(*mine).values(changes))
        DELIVERIES.labels(status if status != "pending" else "retried").inc()
        return delay.total_seconds() if delay else None

    async def _judge(self, session: AsyncSession, endpoint_id: UUID, answer: Answer, *, over: bool) -> None:
        """Note whether an endpoint works; disable it when it is gone, or when nothing gets through for days."""
        endpoint = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)
        failing = WebhookEndpoint.failing_since
        if answer.error is None:
            await session.execute(endpoint.where(failing.is_not(None)).values(failing_since=None))
            return
        await session.execute(endpoint.where(failing.is_(None)).values(failing_since=func.clock_timestamp()))
        reason = "gone" if answer.status == 410 else "failing"
        doomed = endpoint.where(WebhookEndpoint.enabled)
        if reason == "failing":
            if not over:
                return
            doomed = doomed.where(failing < func.clock_timestamp() - GIVE_UP_AFTER)
        doomed = doomed.values(enabled=False, disabled_reason=reason, updated_at=func.now())
        if (await session.execute(doomed.returning(WebhookEndpoint.id))).scalar_one_or_none():
            log.warning("webhook %s is disabled: %s", endpoint_id, reason)

    async def prune(self, session: AsyncSession) -> None:
        """Forget deliveries that ended a month ago."""
        old = WebhookDelivery.completed_at < func.now() - KEPT
        await session.execute(delete(WebhookDelivery).where(old))
