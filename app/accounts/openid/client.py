"""This service as the provider's client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEEWAY: Final = 60
"""Seconds by which clocks may differ (RFC 7519, 4.1.4: "no more than a few minutes")."""


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows this service by."""

    id: str
    acr: tuple[str, ...] = ()
