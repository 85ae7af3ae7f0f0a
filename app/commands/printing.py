"""What commands print: lines for people, JSON for programs."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from pydantic_core import to_jsonable_python

AsJson = Annotated[bool, typer.Option("--json", help="For programs: everything as JSON.")]


def print_json(value: Any) -> None:
    """The value, with its models, as indented JSON."""
    typer.echo(json.dumps(to_jsonable_python(value), indent=2, ensure_ascii=False))
