"""The secrets that sign webhooks. None is stored as it is: each is made anew from the installation's secret and a salt.

A copy of the database therefore signs nothing, and a secret can still be used by the sender. When the installation's
secret is replaced, receivers keep theirs: it is sealed with the new one then, and no longer made.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Final

from app.kit.secrets.signing import InstallationSecret, SealBroken, SigningKey
from app.notifications.models import WebhookSecret

_PURPOSE: Final = b"webhook"
SALT_BYTES: Final = 32
PREFIX: Final = "whsec_"


def webhook_secret(key: SigningKey, row: WebhookSecret) -> str | None:
    """The secret of a row, in the form of the Standard Webhooks specification: 256 bits.

    None when it was made with an installation's secret that does not count here, or when its row was changed.
    """
    secret = key.find(row.key_id)
    if secret is None:
        return None
    try:
        return PREFIX + base64.b64encode(_bits(secret, row)).decode()
    except SealBroken:
        return None


def _bits(secret: InstallationSecret, row: WebhookSecret) -> bytes:
    if row.sealed is not None:
        return secret.unseal(row.sealed, _PURPOSE, row.id.bytes)
    return secret.derive(_PURPOSE, row.endpoint_id.bytes, row.salt)


def move(row: WebhookSecret, before: InstallationSecret, after: InstallationSecret) -> None:
    """Seal what the receiver knows with another of the installation's secrets. A row that was tampered with stays."""
    with suppress(SealBroken):
        row.sealed, row.key_id = after.seal(_bits(before, row), _PURPOSE, row.id.bytes), after.id
