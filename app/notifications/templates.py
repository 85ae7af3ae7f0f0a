"""Bodies that an organisation shapes itself: a JSON value in which `{{batch.name}}` stands for a member of the payload.

It is filled in as a tree, so that no value can break out of its place in the JSON, and nothing in it is ever run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_PLACE: Final = re.compile(r"{{\s*([^{}]*?)\s*}}")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,100}(\.[A-Za-z0-9_-]{1,100}){0,9}")
MOST_PLACES: Final = 100
OPEN_MEMBERS: Final = ("batch.metadata.", "batch.summary_data.")
"""What is below these is the client's or the pipeline's own, so any name is taken; one that is missing is null."""


class TemplateNotValid(ValueError):
    """A placeholder names nothing that a payload has."""


def check_template(template: Mapping[str, Any], sample: Mapping[str, Any]) -> None:
    """TemplateNotValid: a placeholder is none of the members that `sample`, a payload, has; or there are too many."""
    names = list(placeholders(template))
    if len(names) > MOST_PLACES:
        raise TemplateNotValid(f"there may be {MOST_PLACES} placeholders, not {len(names)}")
    for name in names:
        known = _NAME.fullmatch(name) and (name.startswith(OPEN_MEMBERS) or _has(sample, name))
        if not known:
            raise TemplateNotValid(f"there is nothing called {name[:60]!r}; see the standard format for what there is")


def placeholders(value: Any) -> Iterator[str]:
    """The names between double braces, anywhere in a JSON value."""
    match value:
        case str():
            yield from _PLACE.findall(value)
        case dict():
            for key, item in value.items():
                yield from _PLACE.findall(key)
                yield from placeholders(item)
        case list():
            for item in value:
                yield from placeholders(item)


def fill(value: Any, payload: Mapping[str, Any]) -> Any:
    """The template with every placeholder replaced. A string that is one placeholder keeps the value's own type."""
    match value:
        case str():
            if whole := _PLACE.fullmatch(value):
                return _look_up(payload, whole[1])
            return _PLACE.sub(lambda place: _text(_look_up(payload, place[1])), value)
        case dict():
            return {_text(fill(key, payload)): fill(item, payload) for key, item in value.items()}
        case list():
            return [fill(item, payload) for item in value]
    return value


def _look_up(payload: Any, name: str) -> Any:
    for part in name.split("."):
        payload = payload.get(part) if isinstance(payload, Mapping) else None
    return payload


def _has(payload: Any, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(payload, Mapping) or part not in payload:
            return False
        payload = payload[part]
    return True


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
    return json.dumps(value, ensure_ascii=False)
