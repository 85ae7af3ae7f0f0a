"""What a change of openapi.json breaks for clients: `python -m tests.openapi_changes BEFORE AFTER` lists it.

It knows the changes that make clients fail: a path, method, parameter or member that is gone, a type or value that is
no longer allowed, and something new that must be sent. It does not follow renamed schemas.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

METHODS = ("get", "put", "post", "patch", "delete", "head", "options")


def breaking_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A sentence for each change from one document to the other that may break a client."""
    found = list(_paths(before["paths"], after["paths"]))
    old, new = (document.get("components", {}).get("schemas", {}) for document in (before, after))
    for name in sorted(old.keys() & new.keys()):
        found += _schema(name, old[name], new[name])
    return found


def _paths(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in sorted(before.items()):
        for method in METHODS:
            if method not in methods:
                continue
            where = f"{method.upper()} {path}"
            if method not in after.get(path, {}):
                yield f"{where} is gone"
                continue
            yield from _operation(where, methods[method], after[path][method])


def _operation(where: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = ({(p["in"], p["name"]): p for p in operation.get("parameters", ())} for operation in (before, after))
    for place, name in sorted(old.keys() - new.keys()):
        yield f"{where}: the {place} parameter {name} is gone"
    for key, parameter in sorted(new.items()):
        if parameter.get("required") and not old.get(key, {}).get("required"):
            yield f"{where}: the {key[0]} parameter {key[1]} must be sent now"
    for status in sorted(before.get("responses", {}).keys() - after.get("responses", {}).keys()):
        if status.startswith("2"):
            yield f"{where}: the answer {status} is gone"


def _schema(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before.get("type") != after.get("type"):
        yield f"{name}: was {before.get('type')}, is {after.get('type')}"
    if gone := sorted(map(str, set(before.get("enum", ())) - set(after.get("enum", ())))):
        yield f"{name}: no longer allows {', '.join(gone)}"
    old, new = before.get("properties", {}), after.get("properties", {})
    for member in sorted(old.keys() - new.keys()):
        yield f"{name}.{member} is gone"
    for member in sorted(old.keys() & new.keys()):
        yield from _schema(f"{name}.{member}", old[member], new[member])
    for member in sorted(set(after.get("required", ())) - set(before.get("required", ()))):
        if member not in old:
            yield f"{name}.{member} is new and must be there"


def main(before: str, after: str) -> int:
    found = breaking_changes(*(json.loads(Path(name).read_text("utf-8")) for name in (before, after)))
    print("\n".join(found) or "Nothing that clients rely on has changed.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
