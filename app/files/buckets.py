"""Buckets, and how much patience is had with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from app.files.errors import StoreNotKnown
from app.files.storage_outages import first_line

BUCKET: Any = {
    "client_options": {"connect_timeout": "5s", "timeout": "60s", "allow_http": True},
    "retry_config": {"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
}
"""Patience with a bucket: a request waits about that long before it is told that the store does not answer. One in the
next rack may speak plain HTTP; its address says so."""


def open_bucket(url: str) -> ObjectStore:
    """The bucket at a URL that obstore understands; raises StoreNotKnown."""
    try:
        return from_url(url, **BUCKET)
    except (BaseError, ValueError) as error:
        raise StoreNotKnown(f"TRANCHE_STORAGE_URL cannot be used: {first_line(error)}") from None
