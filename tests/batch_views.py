"""Reading the views that other systems read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.conftest import Api


async def view(api: Api, name: str, condition: str, **values: Any) -> list[dict[str, Any]]:
    """The rows of a view, ids as text."""
    async with api.installation.database.transaction() as session:
        found = await session.execute(text(f"select * from {name} where {condition}"), values)
        return [dict(row) for row in found.mappings()]
