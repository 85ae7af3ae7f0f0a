"""`tranche audit`: who did what, as a table for people or as a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import httpx
from rich.markup import escape

from app.commands import ServiceRefused
from app.commands.client import check, console, reaching

FORMATS = ("table", "ndjson", "csv")


def show_entries(client: httpx.Client, filters: Mapping[str, str], wanted: str, limit: int) -> None:
    """Print a table of the newest entries, or write all of them to standard output."""
    if wanted not in FORMATS:
        raise ServiceRefused(f"There is no format {wanted!r}. There are: {', '.join(FORMATS)}.")
    if wanted == "table":
        with reaching(client):
            page = check(client.get("/api/audit", params={**filters, "limit": limit}))
        for entry in page["entries"]:
            console.print(_line(entry), highlight=False, soft_wrap=True)
        if page["next_cursor"]:
            console.print("[dim]... and older ones[/]")
        return
    with reaching(client), client.stream("GET", "/api/audit/export", params={**filters, "format": wanted}) as response:
        if not response.is_success:
            response.read()
            check(response)
        for chunk in response.iter_bytes():
            sys.stdout.buffer.write(chunk)


def _line(entry: Mapping[str, Any]) -> str:
    colour = "green" if entry["outcome"] == "success" else "red"
    target = " ".join(filter(None, (entry["target_kind"], entry["target_name"] or entry["target_id"])))
    parts = (entry["at"][:19].replace("T", " "), f"[{colour}]{entry['action']:<24}[/]", _safe(target))
    who = " ".join(filter(None, (entry["actor_name"] or entry["actor_kind"], entry["client_address"])))
    count = f" x{entry['details']['count']}" if entry["details"].get("count", 1) > 1 else ""
    return "  ".join(parts).rstrip() + f"  [dim]{_safe(who)}{count}[/]"


def _safe(text: str) -> str:
    """Names are what people typed: neither markup nor what moves the cursor."""
    return escape("".join(letter if letter.isprintable() else "?" for letter in text))
