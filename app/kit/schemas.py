"""What every request and reply body shares: refusal of values no column can hold, and the reply base class."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

MAX_DEPTH = 32
"""Deepest nesting of a JSON value that is stored (a deeper one is an attack, not data)."""

MOST_JSON_VALUES: Final = 100_000
"""Most values in one JSON value that is stored: it is written and answered on the event loop, 200 ms for the 450,000
lists that a MiB can hold."""
MOST_SEARCHED_VALUES: Final = 10_000
"""Most of one in which secrets are looked for, which takes 3 µs each whenever it is written or shown."""


class Input(BaseModel):
    """A request body: unknown members are refused, so that a misspelt one is not lost in silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Output(BaseModel):
    """A reply body, also built from rows.

    Its validator is made when it is first used, in 1 to 15 ms: most processes never use most of the 150.
    """

    model_config = ConfigDict(from_attributes=True, defer_build=True)

    @classmethod
    def of(cls, row: object, **more: Any) -> Self:
        """The reply for a row: its attributes of the same names, and `more` for the members that it does not have."""
        given = dict(more)
        for name in cls.model_fields:
            if name not in more and (value := getattr(row, name, _ABSENT)) is not _ABSENT:
                given[name] = value
        return cls.model_validate(given)


_ABSENT: Final = object()


def check_text(value: str) -> str:
    """Refuse what PostgreSQL's text cannot hold: U+0000 and lone surrogates."""
    if "\x00" in value:
        raise ValueError("must not contain the character U+0000")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("must not contain a lone surrogate") from None
    return value


def check_moment(value: datetime) -> datetime:
    """The moment in UTC, as which one without a zone is read; refuse what UTC has no date for."""
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("must be a date between the years 1 and 9999 in UTC") from None


def check_zone(name: str) -> str:
    """A time zone of the IANA database."""
    if name not in available_timezones():
        raise ValueError("must be a time zone such as Europe/Berlin")
    return name


SEALED: Final = "sealed:v1:"
"""How a text begins that was encrypted before it was stored (kit/secrets/sealing.py): nobody may bring such a text."""


def check_json(value: Any, *, most: int = MOST_SEARCHED_VALUES) -> Any:
    """Refuse what jsonb cannot hold (U+0000, lone surrogates, NaN, Infinity), what only looks encrypted, nesting deeper
    than `MAX_DEPTH`, and more than `most` values."""
    return _check_json(value, most, 0, [0])


def check_data(value: Any) -> Any:
    """The same for data that is handed on as it is, a job's record or what is known of a lead: it may be longer."""
    return check_json(value, most=MOST_JSON_VALUES)


def _check_json(value: Any, most: int, depth: int, seen: list[int]) -> Any:
    """Those `seen` so far are counted in a list of one."""
    if isinstance(value, dict | list):
        seen[0] += len(value)
        if seen[0] > most:
            raise ValueError(f"must not hold more than {most:,} values")
    if depth > MAX_DEPTH:
        raise ValueError(f"must not be nested deeper than {MAX_DEPTH} levels")
    match value:
        case str():
            if check_text(value).startswith(SEALED):
                raise ValueError(f"must not begin with {SEALED}")
        case float() if not math.isfinite(value):
            raise ValueError("must not contain NaN or Infinity")
        case dict():
            for key, item in value.items():
                check_text(key)
                _check_json(item, most, depth + 1, seen)
        case list():
            for item in value:
                _check_json(item, most, depth + 1, seen)
        case int() if abs(value) > 10**30:
            raise ValueError("must not contain integers of more than 30 digits")
    return value


Text = Annotated[str, AfterValidator(check_text)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(check_text)]
LongText = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(check_text)]
Moment = Annotated[datetime, AfterValidator(check_moment)]
Zone = Annotated[str, StringConstraints(max_length=100), AfterValidator(check_zone)]
JsonObject = Annotated[dict[str, Any], AfterValidator(check_json)]
DataObject = Annotated[dict[str, Any], AfterValidator(check_data)]


def check_web_address(value: str) -> str:
    """The address of an API, without a slash at its end; a user name or a password in it would be shown."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", check_text(value)):
        raise ValueError("must begin with http:// or https://, and have neither a user name nor a query")
    return value.rstrip("/")


WebAddress = Annotated[str, StringConstraints(max_length=500), AfterValidator(check_web_address)]
