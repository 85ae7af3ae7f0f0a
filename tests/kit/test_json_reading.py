"""JSON of any size is the same value, and whoever reads it holds up nobody."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from app.kit.json_reading import AT_ONCE, load_json, parse_json

LONG = AT_ONCE + 1
VALUES = [None, True, -1.5e300, 2**70, 'é\u2028\U0001f600\\ "quoted"', [], {}, {"a": [1, {"b": None}], "": [[]]}]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("padding", [0, LONG])
async def test_short_and_long_texts_are_the_same_values(value: Any, padding: int) -> None:
    text = json.dumps([value, value], ensure_ascii=False) + " " * padding
    assert (
        await parse_json(text) == await parse_json(text.encode()) == load_json(bytearray(text.encode())) == [value] * 2
    )


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nul", '{"a" 1}', "1 2", '"\x01"', b"\xff", "[" * 100_000])
@pytest.mark.parametrize("padding", [0, LONG])
async def test_what_is_not_json_is_a_value_error(text: str | bytes, padding: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the decoder's own words
        await parse_json(text + (b" " if isinstance(text, bytes) else " ") * padding)


@pytest.mark.parametrize("text", ["[" + "[]," * 200_000 + "[]]", "[" + '{"id":1,"name":"x"},' * 20_000 + "1]"])
async def test_the_loop_goes_on_while_a_long_text_is_decoded(text: str) -> None:
    """Counted inside of the thread: a decoder that keeps the interpreter to itself leaves room for no turn."""
    turns, ended = 0, False

    async def turn() -> None:
        nonlocal turns
        while not ended:
            turns += 1
            await asyncio.sleep(0)

    def counted() -> int:
        before = turns
        load_json(text)
        return turns - before

    turning = asyncio.create_task(turn())
    meanwhile = await asyncio.to_thread(counted)
    ended = True
    await turning
    assert meanwhile > 10
