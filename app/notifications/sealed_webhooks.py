"""Secrets in a webhook's address and in the template of its bodies: encrypted where they are kept, hidden where shown.

A body that is kept for its next try has those of its template encrypted as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.kit.declarations import raises
from app.kit.secrets.edits import SecretWanted, check_secrets_stay, with_secrets_of
from app.kit.secrets.sealing import CannotUnseal, Sealer, hidden, is_sealed, sealed_as, sealed_in
from app.kit.secrets.values import HIDDEN, hidden_address
from app.notifications.models import WebhookEndpoint
from app.notifications.payload import render, to_json


def address_of(sealer: Sealer, endpoint: WebhookEndpoint) -> str:
    """Where it sends; raises CannotUnseal."""
    url = endpoint.url
    return str(sealer.unseal(url, endpoint.organisation_id)) if is_sealed(url) else url


def shown_address(sealer: Sealer, endpoint: WebhookEndpoint) -> str:
    """The address as people see it."""
    try:
        return hidden_address(address_of(sealer, endpoint))
    except CannotUnseal:
        return HIDDEN


def shown_template(endpoint: WebhookEndpoint) -> dict[str, Any] | None:
    """The template as people see it."""
    template: dict[str, Any] | None = hidden(endpoint.template)
    return template


def sealed_fields(sealer: Sealer, fields: Mapping[str, Any], owner: UUID) -> dict[str, Any]:
    """An endpoint's columns with the secrets of `url` and `template` encrypted."""
    return {
        name: sealer.seal_tree(value, owner) if name in ("url", "template") else value for name, value in fields.items()
    }


@raises(SecretWanted)
def edited(sealer: Sealer, endpoint: WebhookEndpoint, sent: Mapping[str, Any]) -> dict[str, Any]:
    """`url` and `template` of a change, encrypted, with what is still hidden in them as it was.

    Raises SecretWanted (422) where a secret of the template would go to an address that it was not given for.
    """
    shown = shown_address(sealer, endpoint)
    before = {"url": HIDDEN if shown == HIDDEN else address_of(sealer, endpoint), "template": endpoint.template}
    after = before | {name: value for name, value in sent.items() if value is not None}
    if after["url"] == shown:
        after["url"] = before["url"]
    elif HIDDEN in after["url"]:
        raise SecretWanted(f"{HIDDEN} stands for a part of the address that was there before: give the whole address.")
    after["template"] = with_secrets_of(before["template"], after["template"])
    check_secrets_stay(before, after)
    changed = {name: after[name] for name in sent if after[name] != before[name]}
    return sealed_fields(sealer, changed, endpoint.organisation_id)


def make_body(sealer: Sealer, endpoint: WebhookEndpoint, payload: dict[str, Any]) -> str:
    """The body as it is kept: `opened_body` gives what is sent. Raises CannotUnseal."""
    if endpoint.format != "crm":
        return render(endpoint.format, None, payload)
    owner = endpoint.organisation_id
    body = json.loads(render("crm", sealer.unseal_tree(endpoint.template, owner), payload))
    return to_json(sealed_as(endpoint.template, body, lambda value: sealer.seal(value, owner)))


def opened_body(sealer: Sealer, body: str, owner: UUID) -> str:
    """The body as it is sent; raises CannotUnseal."""
    return sealer.unseal_text(body, owner)


def secret_texts(sealer: Sealer, endpoint: WebhookEndpoint) -> frozenset[str]:
    """Texts that no line of a log and no answer that is shown may have; raises CannotUnseal."""
    found = {sealer.unseal(text, endpoint.organisation_id) for text in sealed_in(endpoint.template)}
    texts = {text for text in found if isinstance(text, str)}
    return frozenset(texts | ({address_of(sealer, endpoint)} if is_sealed(endpoint.url) else set()))
