"""Bodies and queries as large as openapi.json lets a client send them, made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

CHARACTER: Final = "\U0001d11e"
"""Four bytes in UTF-8, two characters in JavaScript, twelve when it is escaped."""
DEEPEST: Final = 30


class Largest:
    """Values for the schemas of one document, each of at most about `limit` bytes of JSON."""

    def __init__(self, document: dict[str, Any], limit: int) -> None:
        self._document, self._limit = document, limit

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        kinds = schema.get("anyOf") or schema.get("oneOf")
        if kinds:
            wanted = [one for one in kinds if one.get("type") != "null"]
            return self.resolved(wanted[0])
        return schema

    def value(self, schema: dict[str, Any], room: int, depth: int = 0) -> Any:
        """A value that the schema allows, of at most about `room` bytes."""
        schema = self.resolved(schema)
        for fixed in ("const", "default"):
            if schema.get(fixed) is not None:
                return schema[fixed]
        if "enum" in schema:
            return schema["enum"][-1]
        match schema.get("type"):
            case "string":
                return self._text(schema, room)
            case "integer" | "number":
                return schema.get("maximum", 2**31 - 1)
            case "boolean":
                return True
            case "array":
                if depth > 6:
                    return []
                one = self.value(schema.get("items", {}), room // 4, depth + 1)
                most = max(1, room // (len(json.dumps(one)) + 1))
                return [one] * min(most, schema.get("maxItems", most))
            case "object" if schema.get("properties"):
                members = schema["properties"]
                share = max(64, room // max(1, len(members)))
                return {name: self.value(one, share, depth + 1) for name, one in members.items()} if depth < 6 else {}
        return {f"member {n}": CHARACTER * 10 for n in range(max(1, room // 150))}

    def _text(self, schema: dict[str, Any], room: int) -> str:
        match schema.get("format"):
            case "uuid":
                return str(uuid4())
            case "date-time":
                return "2026-11-28T12:00:00Z"
            case "date":
                return "2026-11-28"
        most: int = min(schema.get("maxLength", room // 12), max(1, room // 12))
        return CHARACTER * most

    def bodies(self, schema: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
        """What may be sent, by a word for it: all members at their longest, each member alone filling the body, what is
        nested as deeply as it goes, and members that nobody knows."""
        found = self.resolved(schema)
        yield "all members", self._fitting(self.value(found, self._limit))
        members = found.get("properties", {})
        for name, member in members.items():
            kind = self.resolved(member)
            rest = {other: self.value(members[other], 64) for other in found.get("required", ()) if other != name}
            if kind.get("type") == "array":
                yield f"most {name}", self._filled(rest, name, b"[]", self.value(kind.get("items", {}), 64))
            elif kind.get("type") == "object" and not kind.get("properties"):
                deep: Any = []
                for _ in range(DEEPEST):
                    deep = [deep]
                yield f"deep {name}", self._fitting(rest | {name: {"a": [deep] * (self._limit // (2 * DEEPEST + 5))}})
        one = b",".join([b"[]"] * (self._limit // 900 // 3 - 10))
        yield "unknown lists", b"{%s}" % b",".join(b'"%d":[%s]' % (n, one) for n in range(900))

    def hostile(self) -> Iterator[tuple[str, bytes]]:
        """What fills a reader of JSON with as much as a body can, whatever the schema."""
        yield "brackets", b"[" * (self._limit // 2) + b"]" * (self._limit // 2)
        yield "empty lists", b"[" + b"[]," * (self._limit // 3 - 2) + b"[]]"
        yield "unknown members", b"{%s}" % b",".join(b'"%06d":[]' % n for n in range(self._limit // 12 - 2))

    def _filled(self, rest: dict[str, Any], name: str, brackets: bytes, member: Any) -> bytes:
        one = json.dumps(member).encode()
        members = b",".join([one] * max(1, (self._limit - 2000) // (len(one) + 1)))
        return json.dumps(rest | {name: None}).encode()[:-5] + brackets[:1] + members + brackets[1:] + b"}"

    def _fitting(self, value: Any) -> bytes:
        """As JSON without escapes, if that is short enough."""
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        escaped = json.dumps(value).encode()
        return escaped if len(escaped) <= self._limit else text if len(text) <= self._limit else b"{}"

    def query(self, operation: dict[str, Any]) -> dict[str, str]:
        """Every parameter of the query at its largest, but for the cursor."""
        values: dict[str, str] = {}
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query" and parameter["name"] not in ("cursor", "ticket"):
                value = self.value(parameter["schema"] | {"default": None}, 12_000)
                values[parameter["name"]] = str(value[0] if isinstance(value, list) else value)
        return values
