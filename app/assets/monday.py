"""monday.com's GraphQL API, as far as batches are shown on a board: one item for each batch.

https://developer.monday.com/api-reference/reference/items
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from app.kit.outbound.reading import exchange, read_json

MAX_ANSWER_BYTES: Final = 1024 * 1024
_FIND: Final = """
query ($board: [ID!], $name: CompareValue!) {
  boards (ids: $board) {
    items_page (limit: 1, query_params: {rules: [{column_id: "name", compare_value: $name, operator: any_of}]}) {
      items { id }
    }
  }
}
"""
_BOARD: Final = "query ($board: [ID!]) { boards (ids: $board) { name } }"
_CREATE: Final = """
mutation ($board: ID!, $name: String!, $values: JSON!) {
  create_item (board_id: $board, item_name: $name, column_values: $values, create_labels_if_missing: true) { id }
}
"""
_CHANGE: Final = """
mutation ($board: ID!, $item: ID!, $values: JSON!) {
  change_multiple_column_values (
    board_id: $board, item_id: $item, column_values: $values, create_labels_if_missing: true
  ) { id }
}
"""
_PASSING: Final = ("complexity", "rate limit", "concurrency", "ratelimit")


class MondayRefusedError(Exception):
    """monday.com says that it will not: trying again does not help."""

    code = "MONDAY_REFUSED"


class MondayBusyError(Exception):
    """The account's budget of calls is used up for now; `retry_after` is in seconds."""

    code = "RATE_LIMIT"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Monday:
    """A board. `columns` maps what we know of a batch to the ids of the board's columns."""

    http: httpx.AsyncClient
    token: str
    url: str
    board: str
    columns: Mapping[str, str]

    async def sync(self, item_id: str | None, name: str, facts: Mapping[str, str]) -> str:
        """The id of the batch's item, with its columns as they are now. An item of that name is taken, not doubled."""
        values = json.dumps({column: facts[name] for name, column in self.columns.items() if name in facts})
        item_id = item_id or await self._find(name)
        if item_id is None:
            made = await self._ask(_CREATE, {"board": self.board, "name": name, "values": values})
            return str(made["create_item"]["id"])
        await self._ask(_CHANGE, {"board": self.board, "item": item_id, "values": values})
        return item_id

    async def board_name(self) -> str:
        """The board's name; the cheapest call that needs the token and the board."""
        boards = (await self._ask(_BOARD, {"board": [self.board]}))["boards"]
        if not boards:
            raise MondayRefusedError(f"monday.com shows no board {self.board} to this token.")
        return str(boards[0]["name"])

    async def _find(self, name: str) -> str | None:
        found = await self._ask(_FIND, {"board": [self.board], "name": [name]})
        items = [item for board in found["boards"] for item in board["items_page"]["items"]]
        return str(items[0]["id"]) if items else None

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        headers = {"Authorization": self.token, "API-Version": "2025-04"}
        asked = {"query": query, "variables": variables}
        reply = await exchange(self.http, "POST", self.url, most=MAX_ANSWER_BYTES, json=asked, headers=headers)
        reply.raise_for_status()
        body = await read_json(reply)
        errors = body.get("errors") or body.get("error_message") if isinstance(body, dict) else "no object"
        if errors:
            said = json.dumps(errors)[:300]
            if any(word in said.lower() for word in _PASSING):
                raise MondayBusyError(f"monday.com is busy: {said}", float(reply.headers.get("retry-after", 30)))
            raise MondayRefusedError(f"monday.com refused: {said}")
        return body["data"]
