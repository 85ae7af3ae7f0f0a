"""Who a lead is: its identity among the data that is kept, and the object that steps see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LEAD_KEYS: Final = ("lead", "id", "email", "linkedin_url", "domain")
"""Members that can identify a lead, the first that is there wins."""
LONGEST: Final = 500


def lead_key(lead: Mapping[str, Any]) -> str | None:
    """The lead's identity: without blanks around it and in lower case, as addresses and links are compared."""
    for name in LEAD_KEYS:
        value = lead.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return normalise(str(value))
    return None


def normalise(lead: str) -> str:
    return lead.strip().lower()[:LONGEST]


def lead_record(lead: str | Mapping[str, Any]) -> dict[str, Any]:
    """A lead as the record of a job: a text becomes an object, with an `email` when it looks like one."""
    if not isinstance(lead, str):
        return dict(lead)
    return {"lead": lead} | ({"email": lead} if "@" in lead else {})
