"""The table of docs/audit.md, made from the one list of actions."""

from __future__ import annotations

from app.audit.actions import Action


def audit_tables() -> dict[str, str]:
    rows = [f"| `{action.value}` | {action.meaning} |" for action in Action]
    return {"actions": "\n".join(["| action | recorded when |", "|---|---|", *rows])}
