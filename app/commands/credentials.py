"""`tranche secret`: the installation's secret, without its HTTP API."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.commands import ServiceRefused
from app.kit.service import CannotStart
from app.kit.signing import rotate
from app.settings import Settings


def rotate_secret(settings: Settings, overlap: timedelta) -> datetime:
    """Replace the secret in the data folder's file; returns until when the one before counts."""
    if settings.secret_key:
        raise ServiceRefused(
            "The secret is in TRANCHE_SECRET_KEY. Put a new one there, and the present one into"
            " TRANCHE_SECRET_KEY_PREVIOUS, for every process."
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        return rotate(settings.home, overlap)
    except CannotStart as error:
        raise ServiceRefused(str(error)) from None
