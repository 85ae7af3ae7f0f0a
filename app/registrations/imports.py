"""Restaurants from a file: CSV with a header, or JSON; what is wrong with a row is reported with its line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from app.kit.json_reading import load_json
from app.registrations.delimited import bare, read_table
from app.registrations.errors import FileNotReadable
from app.registrations.findings import Findings
from app.registrations.schemas import RestaurantFields

FIELDS: Final = {
    "name": "name",
    "restaurant": "name",
    "restaurantname": "name",
    "type": "type",
    "stage": "stage",
    "city": "city",
    "contact": "contact",
    "attributes": "attributes",
    "icpscore": "icp_score",
    "icp": "icp_score",
}
CONTACT_FIELDS: Final = {
    "contactname": "name",
    "owner": "name",
    "ownername": "name",
    "contactemail": "email",
    "email": "email",
    "owneremail": "email",
    "contactphone": "phone",
    "phone": "phone",
    "ownerphone": "phone",
}
_OF_THE_SERVICE: Final = frozenset(
    ("id", "status", "menu", "menu_file_id", "option_sets", "option_sets_file_id", "account", "live_at")
) | {"last_batch_id", "last_batch_name", "last_job_id", "created_at", "updated_at"}
"""What an export of our own list carries besides; an import takes none of it over."""


def read_restaurants(data: bytes, findings: Findings, *, most: int) -> tuple[int, list[tuple[int, RestaurantFields]]]:
    """How many rows the file has, and the good ones with their lines; raises FileNotReadable. Blocks."""
    sent, rows = _rows_of(data, findings)
    if not sent:
        raise FileNotReadable("no_rows", "The file has no restaurants.")
    if sent > most:
        raise FileNotReadable("too_many_rows", f"The file has {sent:,} restaurants; one import takes {most:,}.")
    good = []
    for line, values in rows:
        try:
            good.append((line, RestaurantFields.model_validate(_fields_of(values))))
        except ValidationError as error:
            for problem in error.errors(include_context=False, include_url=False):
                where = ".".join(map(str, problem["loc"])) or None
                value = problem["input"] if isinstance(problem["input"], str) else None
                message = f"{problem['msg']}."
                findings.error("value_not_valid", message, line=line, column=where, value=value)
    return sent, good


def _rows_of(data: bytes, findings: Findings) -> tuple[int, list[tuple[int, Mapping[str, Any]]]]:
    """How many rows there are, and those that can be looked at, with their lines."""
    found: list[tuple[int, Mapping[str, Any]]] = []
    objects = _objects_in(data)
    if objects is not None:
        for place, item in enumerate(objects, 1):
            if isinstance(item, dict):
                found.append((place, item))
            else:
                findings.error("row_not_an_object", "A restaurant is a JSON object.", line=place)
        return len(objects), found
    table = read_table(data, findings)
    if "name" not in {FIELDS.get(bare(column)) for column in table.columns}:
        raise FileNotReadable("columns_missing", "The head has no column name.")
    for row in table.rows:
        if row.lacking:
            message = f"The row ends {row.lacking} cells early; they were left empty."
            findings.repair("row_too_short", message, line=row.line)
        found.append((row.line, {column: cell for column, cell in row.cells.items() if cell}))
    return table.sent, found


def _objects_in(data: bytes) -> list[Any] | None:
    """The rows of a JSON document: a list, or a list under `restaurants`. None: the file is no JSON."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"[", b"{"):
        return None
    try:
        document = load_json(data)
    except ValueError:
        raise FileNotReadable("json_not_valid", "The file begins like JSON, and is not valid JSON.") from None
    found = document.get("restaurants") if isinstance(document, dict) else document
    if not isinstance(found, list):
        raise FileNotReadable("json_not_rows", "JSON must be a list of restaurants, or have one under restaurants.")
    return found


def _fields_of(values: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    contact: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for column, value in values.items():
        name = str(column)
        if name in _OF_THE_SERVICE or value is None:
            continue
        if known := FIELDS.get(bare(name)):
            fields[known] = _object_of(value) if known in ("contact", "attributes") else value
        elif known := CONTACT_FIELDS.get(bare(name)):
            contact[known] = value
        else:
            attributes[name] = value
    if contact:
        fields["contact"] = contact | fields["contact"] if isinstance(fields.get("contact"), dict) else contact
    if attributes:
        given = fields.get("attributes")
        fields["attributes"] = attributes | given if isinstance(given, dict) else attributes
    return fields


def _object_of(value: Any) -> Any:
    """A JSON object in a cell of a CSV file; a contact that is a plain text is a name."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.lstrip()[:1] == "{" else {"name": value}
    except (ValueError, RecursionError):
        return {"name": value}
