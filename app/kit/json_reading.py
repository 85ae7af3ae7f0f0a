"""JSON of others, of any size, without holding up whatever else the process does.

Python's decoder, and orjson as well, do not let go of the interpreter until they are done, in a thread neither: 30 ms
for a MiB of records, 95 ms for one of `[[],[],...` (measured). So a long text is decoded by the part of `json` that is
written in Python, in a thread: it takes five times as long, and everything else goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import json
from json import scanner
from json.decoder import JSONArray, JSONObject  # type: ignore[attr-defined]  # as JSONDecoder itself uses them
from typing import Any, Final

AT_ONCE: Final = 1 << 16
"""So many bytes or characters take 6 ms at the worst."""


class _Interruptible(json.JSONDecoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.parse_object, self.parse_array = JSONObject, JSONArray
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]


interruptible_scan: Final = _Interruptible().scan_once
"""(text, index) -> (value, index behind it): raises as `JSONDecoder.scan_once` does."""


_decode: Final = json.JSONDecoder().raw_decode


def load_jsonb(text: str) -> Any:
    """A value as PostgreSQL writes jsonb: without white space around it. Most of them are empty objects."""
    return {} if text == "{}" else _decode(text)[0]


def load_json(text: str | bytes | bytearray) -> Any:
    """The value; ValueError: it is not JSON, or nested too deeply. A long text blocks, so call it in a thread."""
    decoder = json.JSONDecoder if len(text) <= AT_ONCE else _Interruptible
    try:
        return json.loads(text, cls=decoder)
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


async def parse_json(text: str | bytes | bytearray) -> Any:
    """The same from the event loop: a short text is decoded at once, a long one in a thread."""
    return load_json(text) if len(text) <= AT_ONCE else await asyncio.to_thread(load_json, text)
