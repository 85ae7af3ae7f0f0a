"""From a PDF to words with positions.

Plain text is not enough: it collapses the gap between two columns to one blank, which hides a missing cell, and the
order of words inside a line can differ from the order on paper. So each word keeps its box.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from app.extractions.pdf.accents import MAY_BE_MARK, placed_accents
from app.extractions.pdf.char_boxes import bounds_of, is_aside, read_boxes, read_ends, upright_turns
from app.extractions.pdf.page import Box, Page, Word
from app.extractions.pdf.right_to_left import IS_RIGHT_TO_LEFT, joined, word_of
from app.extractions.pdf.touching import may_hold_age
from app.extractions.pdf.two_up import halves
from app.extractions.pdf.visibility import shown_words
from app.extractions.sheet_errors import NO_TEXT_LAYER, PDF_ENCRYPTED, PDF_UNREADABLE, RESOURCE_LIMIT, SheetError

_MOST_PAGES = 2000  # ten times the longest sheet seen, and well within a child's memory
_DECIMAL, _DIGITS = frozenset(".,"), frozenset("0123456789")
_WORD = re.compile(r"[^\s\u00a0\x00]+")
# PDFium writes a hyphen at the end of a line as U+0002 or U+FFFE. The other signs are ligatures: Cambria, as Crystal
# Reports embeds it, calls its f-like glyph U+03D0.
_SIGNS = str.maketrans(
    {"\x02": "-", "\ufffe": "-", "\u03d0": "f", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\u00ad": "-"}
)
# Some printer drivers move every character into the private use area.
_IS_PRIVATE = re.compile(r"[\uf020-\uf0ff]")
_PRIVATE = {0xF000 + code: code for code in range(0x20, 0x100)}


class Texts(dict[str, bool]):
    """Whether a word may hold an age or school year that ran into it, by its text; most come again on other pages."""

    def __missing__(self, text: str) -> bool:
        is_time = text[-3:-2] in _DECIMAL and text[:1] in _DIGITS
        found = self[text] = not is_time and may_hold_age(text)
        return found


@contextmanager
def opened(source: str | bytes) -> Iterator[pdfium.PdfDocument]:
    """The PDF at a path or of these bytes. Raises `SheetError` for one that cannot be opened or has no pages."""
    try:
        document = pdfium.PdfDocument(source if isinstance(source, bytes) else _load(source))
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise SheetError(PDF_ENCRYPTED, "The PDF is protected by a password.") from error
        raise SheetError(PDF_UNREADABLE, "The file is not a PDF, or it is broken.") from error
    with closing(document):
        if not len(document):
            raise SheetError(PDF_UNREADABLE, "The PDF has no pages.")
        try:
            yield document
        except pdfium.PdfiumError as error:
            raise SheetError(PDF_UNREADABLE, "A page of the PDF is broken.") from error


def _load(path: str) -> Any:
    """By PDFium itself: the package would ask where the links in the path lead to, which is closed to a child."""
    loaded = raw.FPDF_LoadDocument(os.fsencode(path) + b"\x00", None)
    if not loaded or raw.FPDF_GetPageCount(loaded) < 1:
        code = raw.FPDF_GetLastError()
        raise pdfium.PdfiumError(f"PDFium says {code}.", err_code=code)
    return loaded


def read_pages(source: str | bytes) -> list[Page]:
    """The words of every page of the PDF at a path or of these bytes. Raises `SheetError` for one without any."""
    with opened(source) as document:
        if len(document) > _MOST_PAGES:
            raise SheetError(RESOURCE_LIMIT, f"The PDF has {len(document):,} pages; at most {_MOST_PAGES:,} are read.")
        texts = Texts()
        pages = [page for index in range(len(document)) for page in _read_page(document, index, texts)]
    if not any(page.words for page in pages):
        raise SheetError(NO_TEXT_LAYER, "The PDF holds pictures of pages but no text; scanned sheets cannot be read.")
    return pages


def _read_page(document: Any, index: int, texts: Texts) -> list[Page]:
    """The page, or the two that stand side by side on it."""
    page = document[index]
    textpage = page.get_textpage()
    try:
        words, turns = _words(textpage.raw, texts)
        bounds = bounds_of(page, turns)
        if not words or bounds is None:
            return [Page(index + 1, [], is_picture=raw.FPDFPage_CountObjects(page) > 0)]
        shown = shown_words(page, textpage.raw, words, turns, bounds)
        own = [Page(index + 1, half, is_guessed=shown.is_guessed) for half in halves(shown.words, bounds)]
        return [replace(own[0], hidden=shown.hidden), *own[1:]] if shown.hidden else own
    finally:
        textpage.close()
        page.close()


def _words(textpage: Any, texts: Texts) -> tuple[list[Word], int]:
    """The words, and the quarter turns that make them upright.

    The boxes of the first and the last character make the word's box: a fifth of the calls that all would take.
    """
    count: int = raw.FPDFText_CountChars(textpage)
    if count <= 0:
        return [], 0
    text = _text(textpage, count)
    turns = upright_turns(textpage)
    is_plain = text.isascii() and "\x02" not in text
    accents: dict[int, str] = {}
    if not text.isascii() and MAY_BE_MARK.search(text):
        accents = placed_accents(text, lambda indices: list(read_boxes(textpage, indices, turns)))
        text = _with_whole_words(text, accents)
    spans = [found.span() for found in _WORD.finditer(text)]
    words: list[Word] = []
    add, make = words.append, tuple.__new__  # a named tuple's own constructor takes as long as reading a box
    for (start, end), (x0, top, _, bottom, _, _, x1, last_bottom) in zip(
        spans, read_ends(textpage, spans, turns), strict=True
    ):
        height, length = top - bottom, end - start
        if length > 1 and (
            (last_bottom != bottom and abs(last_bottom - bottom) > 0.3 * height)
            or not 0 <= x1 - x0 <= (length + 1) * 1.1 * height
        ):
            around = list(read_boxes(textpage, range(start, end), turns))
            if IS_RIGHT_TO_LEFT.search(text[start:end]):
                add(word_of(text[start:end], around, start))
            elif not is_aside(textpage, start, turns):
                words += _pieces(text, start, around)
            continue
        sign = text[start:end]
        if not is_plain:
            if accents and any(index in accents for index in range(start, end)):
                sign = "".join([accents.get(index, text[index]) for index in range(start, end)])
            if not sign.isascii() or "\x02" in sign:
                sign = sign.translate(_SIGNS)
        lefts: tuple[float, ...] = ()
        if texts[sign] and len(sign) == length:
            lefts = tuple([box[0] for box in read_boxes(textpage, range(start, end), turns)])
        add(make(Word, (sign, x0, x1, (bottom + top) / 2, height, start, lefts)))
    return joined(words) if IS_RIGHT_TO_LEFT.search(text) else words, turns


def _with_whole_words(text: str, accents: dict[int, str]) -> str:
    """The text with a blank for each mark that stood alone and went to its letter, and none inside a word."""
    signs = list(text)
    for index, sign in accents.items():
        if not sign and text[index] == " ":
            signs[index] = "_"
        elif not sign and not text[index - 1 : index].strip():
            signs[index] = " "
    return "".join(signs)


def _text(textpage: Any, count: int) -> str:
    """One character for each of PDFium's, so that an index into the text is an index into the page."""
    buffer = (ctypes.c_ushort * (count + 1))()
    if raw.FPDFText_GetText(textpage, 0, count, buffer) == count + 1:
        text = bytes(buffer)[: 2 * count].decode("utf-16-le", errors="replace")
        if len(text) == count:
            return text.translate(_PRIVATE) if _IS_PRIVATE.search(text) else text
    codes = (raw.FPDFText_GetUnicode(textpage, index) for index in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)


def _pieces(text: str, start: int, boxes: Iterable[Box]) -> list[Word]:
    """The words of a run that PDFium left without a blank although its characters do not stand side by side."""
    words: list[Word] = []
    for index, (left, top, right, bottom) in enumerate(boxes, start):
        height, middle, sign = top - bottom, (bottom + top) / 2, text[index].translate(_SIGNS)
        last = words[-1] if words else None
        if last and abs(last.y - middle) < 0.3 * height and -0.5 * height < left - last.x1 < 0.3 * height:
            words[-1] = last._replace(text=last.text + sign, x1=max(last.x1, right))
        else:
            words.append(Word(sign, left, right, middle, height, index))
    return words
