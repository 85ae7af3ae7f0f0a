"""The numbers of a row: its time, and those before and behind it."""

from __future__ import annotations

import re

from app.extractions.layouts.cells import plain_time
from app.extractions.layouts.splash.columns import (
    BIRTH_DATE,
    CLOCK,
    CLOCK_AT_THE_END,
    NEAR,
    REACTION,
    Columns,
    read_state,
)
from app.extractions.layouts.splash.row import Row
from app.extractions.layouts.splash.vocabulary import GRADES, folded
from app.extractions.pdf.page import Word

_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?")
_NUMBER_AT_THE_END = re.compile(r"(?<![\d.,])\d{1,4}(?:[.,]\d{1,2})?$")
_REACTION_AT_THE_END = re.compile(r"(?:[+-]\d?|0)[.,]\d\d$")
_MARKED = re.compile(r"((?:\d{1,2}:){0,2}\d{1,2}[.,]\d\d)(?:[A-Za-z]{1,2}|[*#!]{1,2})")
_JOINS = "№#(«„-"


def read_time(words: list[Word], columns: Columns, row: Row, last: Row | None) -> tuple[list[Word], list[Word]]:
    """The words before the column of the times and those behind it; the time or the mark in it goes into the row."""
    right = columns.time
    for index, word in enumerate(words):
        if not index or (right is not None and not -NEAR <= word.x1 - right <= 3 * NEAR):
            continue
        clock = CLOCK_AT_THE_END.search(word.text)
        marked = None if clock else _MARKED.fullmatch(word.text)
        if not clock and not marked:
            continue
        if right is None and REACTION.fullmatch(word.text):
            continue
        if right is not None and clock and word.x1 - right > NEAR:
            continue
        before, behind = words[:index], words[index + 1 :]
        if marked:
            row.time = plain_time(marked[1])
        elif clock and clock.start() == 0:
            row.time = plain_time(word.text)
        elif clock and any(sign.isalpha() or not sign.isascii() for sign in word.text[: clock.start()]):
            text = _before_the_time(word.text, clock.start(), last if row.place else None)
            row.time = plain_time(word.text[len(text) :])
            edge = word.x1 - (word.x1 - word.x0) * len(row.time) / len(word.text)
            before = [*before, word._replace(text=text, x1=edge)]
        else:
            continue
        # What the file has behind the time although it stands before its end is the rest of a club too long.
        rest = [other for other in behind if other.x0 < word.x1 - 1]
        behind = behind[len(rest) :]
        if rest and before and before[-1].text[-1:] in _JOINS:
            before[-1] = before[-1]._replace(text=before[-1].text + rest.pop(0).text)
        return [*before, *rest], behind
    edge = right if right is not None else 1e9
    for index, word in enumerate(words[1:], 1):
        if row.state is None and edge - 40 < word.x1 and word.x0 < edge + 2 and (state := read_state(word.text)):
            row.state = state
            return words[:index], words[index + 1 :]
    return [word for word in words if word.x0 < edge], [word for word in words if word.x0 >= edge]


def _before_the_time(text: str, start: int, last: Row | None) -> str:
    """What stands before a time that has run into a number (`№141:04.83`): the times of a ranking do not fall."""
    shorter = text[start + 1 :]
    if last is not None and last.time and CLOCK.fullmatch(shorter) and _seconds(last.time) <= _seconds(shorter):
        return text[: start + 1]
    return text[:start]


def _seconds(time: str) -> float:
    total = 0.0
    for part in time.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def read_numbers(words: list[Word], columns: Columns, row: Row) -> list[Word]:
    """Without the reaction time, the entry time and the splits that stand before the time."""
    rest: list[Word] = []
    for word in words:
        text = word.text
        if not text[-1].isdigit() and text != "NT":
            rest.append(word)
        elif (
            columns.seed is not None and abs(word.x1 - columns.seed) < NEAR and (CLOCK.fullmatch(text) or text == "NT")
        ):
            row.seed = text if text == "NT" else plain_time(text)
        elif REACTION.fullmatch(text) and (text[0] in "+-" or _is_near(word, columns.reaction)):
            continue
        elif CLOCK.fullmatch(text) and not BIRTH_DATE.fullmatch(text):
            if any(abs(word.x1 - edge) < NEAR for edge in columns.splits):
                row.splits.append(plain_time(text))
        elif (glued := _REACTION_AT_THE_END.search(text)) and _is_near(word, columns.reaction):
            rest.append(word._replace(text=text[: glued.start()]))
        else:
            rest.append(word)
    return rest


def _is_near(word: Word, edge: float | None) -> bool:
    return edge is None or abs(word.x1 - edge) < NEAR


def read_end(words: list[Word], columns: Columns, row: Row) -> None:
    """What stands behind the time: points, splits, and the standard that was reached."""
    for word in words:
        text = word.text
        if CLOCK.fullmatch(text) and any(abs(word.x1 - edge) < NEAR for edge in columns.splits):
            row.splits.append(plain_time(text))
        elif _NUMBER.fullmatch(text):
            kind = next((kind for kind, edge in columns.points if abs(word.x1 - edge) < NEAR), None)
            if kind == "fina":
                row.fina = text
            elif kind == "points" or (not columns.points and row.points is None and not text.startswith("+")):
                row.points = text
            elif not columns.points and row.fina is None and "." not in text:
                row.fina = text
            elif "." in text:
                row.splits.append(text)
        elif text[0].isalpha() and (glued := _NUMBER_AT_THE_END.search(text)):
            kind = next((kind for kind, edge in columns.points if abs(word.x1 - edge) < NEAR), None)
            if kind == "fina":
                row.fina = glued[0]
            elif kind == "points" or not columns.points:
                row.points = glued[0]
        elif CLOCK.fullmatch(text):
            row.splits.append(plain_time(text))
        elif folded(text) in GRADES:
            row.standard = text
