"""What is wrong with an Idempotency-Key."""

from __future__ import annotations

from app.kit.errors import BadRequest, Conflict, Unprocessable


class IdempotencyKeyNotValid(BadRequest):
    code = "invalid_idempotency_key"


class IdempotencyInFlight(Conflict):
    code, title = "idempotency_in_flight", "Request in flight"


class IdempotencyKeyReused(Unprocessable):
    code, title = "idempotency_key_reused", "Idempotency key reused"
