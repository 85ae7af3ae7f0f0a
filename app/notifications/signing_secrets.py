"""The secrets that sign webhooks. None is stored: each is made anew from the installation's key and a random salt.

A copy of the database therefore signs nothing, and a secret can still be used by the sender.
"""

from __future__ import annotations

import base64
from typing import Final
from uuid import UUID

from app.kit.signing import SigningKey

SALT_BYTES: Final = 32
PREFIX: Final = "whsec_"


def webhook_secret(key: SigningKey, endpoint_id: UUID, salt: bytes) -> str:
    """The secret of an endpoint, in the form of the Standard Webhooks specification: 256 bits."""
    return PREFIX + base64.b64encode(key.derive(b"webhook", endpoint_id.bytes, salt)).decode()
