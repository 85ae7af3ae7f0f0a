"""Placeholders in texts and JSON values."""

from __future__ import annotations

from typing import Any

import pytest

from app.kit.placeholders import PlaceholderUnknown, ValueMissing, fill, fill_path, fill_text, placeholders_in

VALUES = {"lead": {"name": "Ada", "tags": ["a", {"b": 2}]}, "count": 3, "nothing": None, "trap": "{{count}}"}


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        ("Hi {{lead.name}}!", "Hi Ada!"),
        ("{{ count }}", 3),
        ("{{count}} and {{count}}", "3 and 3"),
        ("{{lead.tags.1.b}}", 2),
        ({"{{lead.name}}": ["{{lead.tags}}", 7]}, {"Ada": [["a", {"b": 2}], 7]}),
        ("tags: {{lead.tags}}", 'tags: ["a", {"b": 2}]'),
        ("<{{nothing}}>", "<>"),
        ("{{trap}} {{trap}}", "{{count}} {{count}}"),
        ("{ {count} } {{{count}}}", "{ {count} } {3}"),
    ],
)
def test_values_take_their_places(given: Any, filled: Any) -> None:
    assert fill(given, VALUES) == filled


@pytest.mark.parametrize(
    "path", ["unknown", "lead.unknown", "lead.tags.2", "lead.tags.-1", "lead.name.0", "count.x", "", "."]
)
def test_path_that_leads_nowhere(path: str) -> None:
    with pytest.raises(PlaceholderUnknown) as caught:
        fill({"a": "x {{" + path + "}}"}, VALUES)
    assert caught.value.path == path
    assert fill("{{" + path + "}}", VALUES, missing="null") is None


def test_text_for_another_language() -> None:
    assert (
        fill_text("/{{lead.name}}?n={{count}}", {"lead": {"name": "a/b"}, "count": 1}, lambda v: f"<{v}>")
        == "/<a/b>?n=<1>"
    )
    assert list(placeholders_in(["{{a}}", {"{{b.c}}": "{{a}} {{d}}"}])) == ["a", "b.c", "a", "d"]


RESTAURANT = {
    "restaurant": {"name": "A/B & C", "seats": 4, "hours": {"mon": [9, 17]}, "open": True},
    "list": [{"id": "x"}],
}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{restaurant.seats}}", 4),
        ("{{restaurant.hours}}", {"mon": [9, 17]}),
        ("{{restaurant.hours.mon.1}}", 17),
        ("{{list.0.id}}", "x"),
        ("at {{restaurant.name}}: {{restaurant.seats}}, {{restaurant.open}}{{nothing}}", "at A/B & C: 4, true"),
        ("{{restaurant.__class__}}", None),
        ({"a": "{{nothing}}", "b": ["{{nothing}}", 1], "c": None}, {"b": [1], "c": None}),
        ("{not one} {}", "{not one} {}"),
    ],
)
def test_missing_values_are_left_out(template: Any, filled: Any) -> None:
    assert fill(template, RESTAURANT, missing="omitted") == filled


def test_a_value_in_a_path_adds_no_segment() -> None:
    assert fill_path("/a/{{restaurant.name}}?n={{restaurant.seats}}", RESTAURANT) == "/a/A%2FB%20%26%20C?n=4"
    for value in (None, "", ".", ".."):
        with pytest.raises(ValueMissing):
            fill_path("/a/{{v}}/b", {"v": value})
