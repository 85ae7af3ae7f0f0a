"""Encodings as they are met, and what is not told apart."""

from __future__ import annotations

import codecs

import pytest

from app.kit.text.decoding import EncodingUnknown, decode, is_markup

RUSSIAN = "имя,город\n" + "Алексей,обычный человек из нашего города\n" * 9
GERMAN = "Straße,Größe\nMünchen,überall käuflich für große Städte mit schönen Häusern\n" * 9


@pytest.mark.parametrize(
    ("text", "codec", "encoding", "found"),
    [
        ("plain", "ascii", "utf-8", "utf-8"),
        ("", "ascii", "utf-8", "utf-8"),
        ("née, Ådne", "utf-8", "utf-8", "utf-8"),
        ("née, Ådne", "utf-8-sig", "utf-8", "mark"),
        ("née, Ådne", "utf-16", "utf-16", "mark"),
        ("née, Ådne", "utf-32", "utf-32", "mark"),
        ("née, Ådne", "utf-16-le", "utf-16-le", "guess"),
        ("née, Ådne", "utf-16-be", "utf-16-be", "guess"),
        ("née, Ådne", "cp1252", "cp1252", "guess"),
        ("née, “Ådne”", "cp1252", "cp1252", "guess"),
        ("© by nobody", "latin-1", "cp1252", "guess"),
        (GERMAN, "cp1252", "cp1252", "guess"),
        (RUSSIAN, "cp1251", "cp1251", "guess"),
        (RUSSIAN, "utf-16", "utf-16", "mark"),
    ],
)
def test_encoding_is_found(text: str, codec: str, encoding: str, found: str) -> None:
    decoded = decode(text.encode(codec))
    assert (decoded.text, decoded.encoding, decoded.found) == (text, encoding, found)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE, codecs.BOM_UTF32_LE])
def test_mark_is_no_part_of_the_text(mark: bytes) -> None:
    codec = {4: "utf-32", 2: "utf-16"}[len(mark)] + ("-le" if mark[0] == 0xFF else "-be")
    assert decode(mark + "née".encode(codec)).text == "née"


def test_older_western_text_is_not_taken_for_cp1252_where_that_has_no_such_byte() -> None:
    assert decode(GERMAN.encode("cp850")).text == GERMAN


def test_an_encoding_that_is_given_wins() -> None:
    """Over the mark as well, which is no part of the text then either."""
    decoded = decode("née".encode("cp850"), "cp850")
    assert (decoded.text, decoded.encoding, decoded.found) == ("née", "cp850", "given")
    assert decode("née".encode("utf-8-sig"), "utf-8").text == "née"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\xef\xbb\xbf\xff", None),
        (b"\xff\xfea", None),
        (b"a\x81", None),
        (b"\xe9", "utf-8"),
        (b"a", "no-such"),
        (b"a", "hex"),
        (b"a", "undefined"),
    ],
)
def test_what_fits_no_encoding(data: bytes, encoding: str | None) -> None:
    with pytest.raises(EncodingUnknown):
        decode(data, encoding)


def test_markup() -> None:
    assert all(map(is_markup, ("<html>", "\ufeff\n <!DOCTYPE html>", "<?xml version='1.0'?>")))
    assert not any(map(is_markup, ("", "a,b", "<3,heart")))
