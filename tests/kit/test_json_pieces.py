"""Long JSON that is read in pieces says what it says in one piece, and what is wrong with it is found all the same."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kit import json_pieces
from app.kit.errors import TooLarge
from app.kit.json_pieces import JsonText, PackedObject, read_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every value of the tests crosses several."""
    monkeypatch.setattr(json_pieces, "AT_ONCE", 16)


def read(text: bytes, size: int = 7) -> dict[str, Any]:
    chunks = deque(text[at : at + size] for at in range(0, len(text), size))
    return read_object(JsonText(chunks), "items", lambda place, value: [place, value])


@given(st.dictionaries(st.text(), JSON), st.lists(JSON), st.booleans(), st.integers(1, 40), st.sampled_from([None, 1]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_are_the_whole(
    members: dict[str, Any], items: list[Any], escaped: bool, size: int, indent: int | None
) -> None:
    text = json.dumps(members | {"items": items}, ensure_ascii=escaped, indent=indent)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        body = json.dumps(members | {"items": items}, indent=indent).encode()
    assert read(body, size) == members | {"items": [[place, item] for place, item in enumerate(items)]}


WRONG = [
    b"",
    b"{",
    b'{"a"',
    b'{"a":',
    b'{"a":1',
    b'{"a":1,}',
    b'{"a" 1}',
    b"{a:1}",
    b'{"a":1}x',
    b'{"items":[1',
    b'{"a":nul}',
]
WRONG += [
    b'{"items":[1,]}',
    b'{"items":[1 2]}',
    b'{"a":"\n"}',
    b'{"a":"',
    b'{"a":"\\u12"}',
    b'{"items":[{"b":tru',
    b"[]",
]


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_what_is_no_json_is_refused(text: bytes, size: int) -> None:
    with pytest.raises(json.JSONDecodeError):
        read(text, size)
    if text.startswith(b'{"items"'):
        with pytest.raises(json.JSONDecodeError):
            read(text.replace(b"1", b'"a text that is longer than a window of the test"'), size)


@pytest.mark.parametrize("text", [b'{"a":"\xff"}', b'{"items":[%s]}' % (b"[" * 100_000), b'{"a":%s}' % (b"9" * 5000)])
def test_what_cannot_be_read_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"decode|deeply|Exceeds"):
        read(text, 1000)


def test_of_a_name_that_is_there_twice_the_last_counts() -> None:
    assert read(b'{"items": [1, 2], "a": 1, "items": [3], "a": 2}') == {"items": [[0, 3]], "a": 2}


def test_a_list_that_is_none_is_a_value() -> None:
    assert read(b'{"items": {"0": []}}') == {"items": {"0": []}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-be"])
def test_encodings_that_json_loads_reads(encoding: str) -> None:
    assert read('{"items": ["ä𝄞"]}'.encode(encoding)) == {"items": [[0, "ä𝄞"]]}


def test_what_takes_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_pieces, "MOST_VALUES", 100)
    monkeypatch.setattr(json_pieces, "MOST_CHARACTERS", 1000)
    monkeypatch.setattr(json_pieces, "MOST_MEMBERS", 10)
    members = b",".join(b'"a%d":1' % n for n in range(20))
    for text in (b'{"a": "%s"}' % (b"x" * 2000), b'{"items": [%s[]]}' % (b"[]," * 200), b"{%s}" % members):
        with pytest.raises(TooLarge):
            read(text)


def test_a_packed_object_is_a_mapping() -> None:
    packed = PackedObject('{"email": "a@b.example", "n": 1}')
    assert (packed["email"], packed.get("other"), len(packed), list(packed)) == ("a@b.example", None, 2, ["email", "n"])
    assert packed == {"email": "a@b.example", "n": 1}
