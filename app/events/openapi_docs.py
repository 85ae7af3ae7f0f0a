"""The documentation of the events, made from their models: for /docs, for openapi.json, and for docs/events.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from app.events.schemas import (
    LOG_EVENTS,
    TRANSIENT_OF_BATCH,
    TRANSIENT_OF_LIST,
    LogEvent,
    type_of,
)
from app.kit.schemas import Output

Models = Sequence[type[Output]]
_REF: Final = "#/components/schemas/{model}"


def _words(model: type[Output]) -> str:
    return " ".join((model.__doc__ or "").split())


def _table(head: str, rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {head} |", "|" + "---|" * (head.count("|") + 1), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def events_table(models: Models) -> str:
    """Each event, when it is written, and what it holds besides the common members."""

    def own(model: type[Output]) -> str:
        common = LogEvent.model_fields if issubclass(model, LogEvent) else {"type"}
        names = [name for name in model.model_fields if name not in common]
        return ", ".join(f"`{name}`" + ("" if model.model_fields[name].is_required() else "?") for name in names)

    rows = [(f"`{type_of(model)}`", _words(model), own(model)) for model in models]
    return _table("event | when | members of its own", rows)


def members_table() -> str:
    """What every event of the log holds."""
    rows = [(f"`{name}`", field.description or "") for name, field in LogEvent.model_fields.items()]
    return _table("member | meaning", rows)


def batch_stream_description() -> str:
    """For /docs."""
    return "\n\n".join(
        (
            "Every event of the batch from the first, or from the one after `Last-Event-ID` (header, else query), each "
            "exactly once and in order. With `Accept: text/event-stream` a live stream that ends with the batch, else "
            "one page of the same log as JSON.",
            events_table(LOG_EVENTS),
            "Members of all of these:",
            members_table(),
            "Of the moment, without a place in the log:",
            events_table(TRANSIENT_OF_BATCH),
        )
    )


def list_stream_description() -> str:
    """For /docs."""
    words = "What happens to the organisation's batches from now on. Load the list whenever the stream opens: there "
    return words + "is no replay, and events have no ids.\n\n" + events_table(TRANSIENT_OF_LIST)


def batch_stream_content() -> dict[str, Any]:
    """The content of a 200 from a batch's stream, for OpenAPI."""
    return _stream((*LOG_EVENTS, *TRANSIENT_OF_BATCH))


def list_stream_content() -> dict[str, Any]:
    """The content of a 200 from the list's stream, for OpenAPI."""
    return _stream(TRANSIENT_OF_LIST)


def _stream(models: Models) -> dict[str, Any]:
    """OpenAPI 3.1 has no word for the items of a stream: 3.2 calls it `itemSchema`, which older tools refuse."""
    schema = {"type": "string", "description": "Server-sent events, one after the other, as `x-item-schema` has them."}
    return {"text/event-stream": {"schema": schema, "x-item-schema": _item_schema(models)}}


def _item_schema(models: Models) -> dict[str, Any]:
    """One event as it is on the wire; its `data` is JSON by the model of its type."""

    def item(model: type[Output]) -> dict[str, Any]:
        content = {"$ref": _REF.format(model=model.__name__)}
        data = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
        properties = {"id": {"type": "string"}, "event": {"const": type_of(model)}, "data": data}
        required = ["event", "data", *(["id"] if issubclass(model, LogEvent) else [])]
        return {"type": "object", "description": _words(model), "properties": properties, "required": required}

    return {"oneOf": [item(model) for model in models]}


def tables_of_page() -> dict[str, str]:
    """The tables of docs/events.md by the name of their place."""
    return {
        "log": events_table(LOG_EVENTS),
        "members": members_table(),
        "transient": events_table(TRANSIENT_OF_BATCH),
        "list": events_table(TRANSIENT_OF_LIST),
    }
