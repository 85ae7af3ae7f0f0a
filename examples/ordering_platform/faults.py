"""What can go wrong at a platform, switched on for a step, a restaurant and a number of times."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from fastapi import HTTPException
from pydantic import BaseModel, Field

STEP_OF_PART = {
    "owner": "owner_verification",
    "location": "location_hours",
    "menu": "csv_upload",
    "images": "images",
    "option-sets": "option_sets",
    "item-tags": "item_tags",
    "website": "website",
    "services": "services",
    "payments": "payments",
    "test-orders": "test_order",
    "go-live": "go_live",
}


class Fault(BaseModel):
    """rate_limit: 429. error: `status`. timeout: no answer for `seconds`, and no effect. silent_loss: the answer of a
    success, and no effect. slow: all well after `seconds`. hold: the effect, and an answer that comes after `seconds`.

    It strikes calls of `step` for the restaurant called `restaurant`, each any when unset, `times` times.
    """

    kind: Literal["rate_limit", "error", "timeout", "silent_loss", "slow", "hold"]
    step: str | None = None
    restaurant: str | None = None
    times: int = Field(1_000_000, ge=1)
    status: int = Field(500, ge=400, le=599)
    seconds: float = Field(1.0, ge=0, le=600)


@dataclass
class Faults:
    """The faults that are on, and who called how often."""

    active: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """(Idempotency-Key, step, restaurant) of each call that asks for an effect, in order."""
    called: asyncio.Event = field(default_factory=asyncio.Event)

    def per_key(self) -> Counter[str]:
        return Counter(key for key, _, _ in self.calls)

    def take(self, step: str, restaurant: str, kinds: tuple[str, ...]) -> Fault | None:
        """The first fault of these kinds that strikes this call, one time less from now on."""
        for fault in self.active:
            fits = fault.step in (None, step) and fault.restaurant in (None, restaurant)
            if fits and fault.kind in kinds:
                fault.times -= 1
                if not fault.times:
                    self.active.remove(fault)
                return fault
        return None

    async def strike_before(self, step: str, restaurant: str) -> None:
        """What happens to a call before it has an effect."""
        fault = self.take(step, restaurant, ("rate_limit", "error", "timeout", "slow"))
        if fault is None:
            return
        if fault.kind in ("timeout", "slow"):
            await asyncio.sleep(fault.seconds)
        if fault.kind == "rate_limit":
            raise HTTPException(429, "too many requests", {"Retry-After": f"{fault.seconds:g}"})
        if fault.kind != "slow":
            raise HTTPException(fault.status if fault.kind == "error" else 504, f"a fault of {step}")
