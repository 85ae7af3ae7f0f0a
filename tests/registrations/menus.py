"""Menus and restaurants that the tests make themselves."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from app.registrations.menus import IMAGE_COLUMNS, MENU_COLUMNS
from tests.conftest import Api

TWELVE = (
    *("account", "owner_verification", "location_hours", "csv_upload", "images", "option_sets", "item_tags"),
    *("website", "services", "payments", "test_order", "go_live"),
)
CONDITIONAL = ("images", "option_sets", "item_tags")


def dish(name: str = "Soup", price: str = "12.00", **more: str) -> dict[str, str]:
    return {
        "menuName": "Menu",
        "categoryName": "Mains",
        "dishName": name,
        "dishPrice": price,
        "dishType": "standard",
    } | more


def menu(dishes: Sequence[dict[str, str]] = (dish(),), *, columns: int = 16, delimiter: str = ",") -> str:
    """A menu in the form with 16, 17 or 20 columns."""
    more = {16: (), 17: IMAGE_COLUMNS[:1], 20: IMAGE_COLUMNS[1:]}[columns]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*MENU_COLUMNS, *more], delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(dishes)
    return text.getvalue()


async def add_restaurant(api: Api, name: str, content: str | None = None, **more: Any) -> str:
    """A restaurant with a menu; its id."""
    fields = {"name": name, "type": "Outbound", "stage": "hot", "icp_score": 8, "city": "Auckland"}
    contact = {"name": "Ana", "email": "ana@example.org", "phone": "+64 9 555 0100"}
    reply = await api.post("/api/restaurants", json=fields | {"contact": contact} | more)
    assert reply.status_code == 201, reply.text
    restaurant_id: str = reply.json()["id"]
    reply = await api.put(f"/api/restaurants/{restaurant_id}/menu", content=content or menu())
    assert reply.status_code == 200, reply.text
    return restaurant_id
