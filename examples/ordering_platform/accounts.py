"""What the platform keeps: accounts with their parts, and the answers it has given by Idempotency-Key."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from fastapi import HTTPException


@dataclass
class Account:
    """A restaurant's account. `parts` are owner, location, menu and so on, as they are read back."""

    id: str
    reference: str
    name: str
    status: str = "draft"
    url: str | None = None
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    menu_rows: list[dict[str, str]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        shown = {"id": self.id, "reference": self.reference, "name": self.name}
        return shown | {"status": self.status, "url": self.url}


@dataclass
class Accounts:
    """All accounts, in the order in which they were opened."""

    opened: list[Account] = field(default_factory=list)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def get(self, account_id: str) -> Account:
        for account in self.opened:
            if account.id == account_id:
                return account
        raise HTTPException(404, "no such account")

    def open(self, reference: str, name: str) -> Account:
        if any(account.reference == reference for account in self.opened):
            raise HTTPException(409, "there is an account of this reference already")
        account = Account(f"acc_{len(self.opened) + 1}", reference, name)
        self.opened.append(account)
        return account


def read_rows(content: bytes) -> list[dict[str, str]]:
    """The rows of an uploaded CSV file."""
    try:
        return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise HTTPException(400, f"this is no CSV file: {error}") from None


def put_part(account: Account, part: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Set a part of an account; what it says when it is read back."""
    rows = account.menu_rows
    match part:
        case "owner":
            kept = sent | {"verified": True}
        case "payments":
            kept = sent | {"enabled": True}
        case "images":
            kept = {"count": sum(bool(row.get("imageURL") or row.get("imageExternalURL")) for row in rows)}
        case "item-tags":
            kept = {"tagged": sum(bool(row.get("tags")) for row in rows)}
        case _:
            kept = dict(sent)
    account.parts[part] = kept
    return kept


def post_part(account: Account, part: str, content: bytes) -> dict[str, Any]:
    """Upload to a part of an account, or order it to do something; what it says when it is read back."""
    match part:
        case "menu":
            account.menu_rows = read_rows(content)
            account.parts[part] = {"items": len(account.menu_rows)}
        case "option-sets":
            account.parts[part] = {"rows": len(read_rows(content))}
        case "go-live":
            account.status, account.url = "live", f"https://order.example/{account.id}"
            return account.shown()
    return account.parts[part]
