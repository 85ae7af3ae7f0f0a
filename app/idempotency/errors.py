"""What is wrong with an Idempotency-Key."""

from __future__ import annotations

from app.kit.errors import BadRequest, Conflict, Unprocessable


class IdempotencyKeyNotValid(BadRequest):
    """An `Idempotency-Key` has 1 to 255 printable ASCII characters, without blanks."""

    code = "invalid_idempotency_key"


class IdempotencyInFlight(Conflict):
    """The first request with this `Idempotency-Key` is still being worked on. Try again after `Retry-After` seconds."""

    code, title, sends = "idempotency_in_flight", "Request in flight", ("Retry-After",)


class IdempotencyKeyReused(Unprocessable):
    """This `Idempotency-Key` was used for another request within the last 24 hours."""

    code, title = "idempotency_key_reused", "Idempotency key reused"
