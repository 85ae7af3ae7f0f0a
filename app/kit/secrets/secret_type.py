"""The type of a value that is a secret whatever it is called: a pipeline's parameter, or a member of an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, PlainSerializer, SecretStr, StringConstraints

from app.kit.schemas import check_text


def _check(value: SecretStr) -> SecretStr:
    check_text(value.get_secret_value())
    return value


Secret = Annotated[
    SecretStr,
    StringConstraints(max_length=8000),
    AfterValidator(_check),
    PlainSerializer(lambda value: value.get_secret_value(), return_type=str, when_used="json"),
]
"""A text that is encrypted before it is stored, and that no answer, event or export shows; a step reads it with
`get_secret_value()`."""


def secret_paths(model: type[BaseModel]) -> frozenset[tuple[str, ...]]:
    """Where a model's JSON has values of the type Secret; what is in a list has the list's own path."""
    schema = model.model_json_schema()
    return frozenset(_paths(schema, schema.get("$defs", {}), (), frozenset()))


def _paths(
    schema: Mapping[str, Any], known: Mapping[str, Any], path: tuple[str, ...], seen: frozenset[str]
) -> Iterator[tuple[str, ...]]:
    if reference := schema.get("$ref"):
        name = str(reference).rpartition("/")[2]
        if name not in seen:  # a model that holds itself has no end
            yield from _paths(known[name], known, path, seen | {name})
        return
    if schema.get("format") == "password":
        yield path
    for name, member in schema.get("properties", {}).items():
        yield from _paths(member, known, (*path, name), seen)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _paths(choice, known, path, seen)
    if isinstance(items := schema.get("items"), Mapping):
        yield from _paths(items, known, path, seen)
