"""Finds every regular expression of the code base, and texts on which each might take long."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]  # the only reader of their grammar
from re import _parser as parser
from time import process_time
from types import ModuleType
from typing import Any, Final

from pydantic.fields import FieldInfo

import app

OPERATIONS: Final = ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")
_LETTERS: Final = " a" + "AF1089._-,:;/\\()[]{}<>'\"=+*#@%|\t\n\rxé«“א\x00\xff\xd8"
_MANY: Final = 8
"""A repetition that may come so often is one."""
_MOST_TEXTS: Final = 60


@dataclass
class Found:
    """A pattern with where it is, and the operations that the code uses of it."""

    place: str
    pattern: re.Pattern[Any]
    used: set[str] = field(default_factory=set)


def modules() -> list[ModuleType]:
    names = [info.name for info in pkgutil.walk_packages(app.__path__, "app.") if not info.name.endswith("__main__")]
    return [importlib.import_module(name) for name in names]


def _inside(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, dict):
        for one in list(value.values()):
            yield from _inside(one, depth + 1)
    elif depth < 4 and isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            yield from _inside(one, depth + 1)
    elif depth < 4 and hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        for name in value.__dataclass_fields__:
            yield from _inside(getattr(value, name, None), depth + 1)


class _Source(ast.NodeVisitor):
    """What a module does with patterns: calls of `re` with a text in place, calls of a pattern's methods, and the
    patterns that are handed to pydantic."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.used, self.written, self.open = module, dict[str, set[str]](), list[Found](), list[str]()

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        call = node.func
        if not isinstance(call, ast.Attribute):
            return
        if isinstance(call.value, ast.Name) and call.value.id == "re" and node.args:
            if call.attr == "compile" or call.attr in OPERATIONS:
                self._add(node, call.attr)
        elif call.attr in OPERATIONS:
            name = call.value
            while isinstance(name, (ast.Subscript, ast.Attribute)) and not isinstance(name, ast.Name):
                if isinstance(name, ast.Attribute):
                    self.used.setdefault(name.attr, set()).add(call.attr)
                name = name.value
            if isinstance(name, ast.Name):
                self.used.setdefault(name.id, set()).add(call.attr)

    def _add(self, node: ast.Call, operation: str) -> None:
        place = f"{self.module.__name__}:{node.lineno}"
        try:
            pattern = self._value(node.args[0])
            flags = [self._value(one) for one in node.args[1:] if "re." in ast.unparse(one)]
            flags += [self._value(one.value) for one in node.keywords if one.arg == "flags"]
        except NameError:
            self.open.append(place)
            return
        compiled = re.compile(pattern, flags[0] if flags else 0)
        self.written.append(Found(place, compiled, set() if operation == "compile" else {operation}))

    def _value(self, node: ast.expr) -> Any:
        # The code under test, in its own module: nothing is evaluated that importing it would not.
        return eval(compile(ast.Expression(node), place_of(self.module), "eval"), vars(self.module))


def place_of(module: ModuleType) -> str:
    return str(module.__file__)


def _of_pydantic(module: ModuleType) -> Iterator[Found]:
    for name, value in list(vars(module).items()):
        fields: dict[str, FieldInfo] = getattr(value, "model_fields", {}) if isinstance(value, type) else {}
        metadata = [*getattr(value, "__metadata__", ())]
        for info in fields.values():
            metadata += info.metadata
        for one in metadata:
            for text in (getattr(one, "pattern", None), getattr(one, "metadata", None) and one.metadata[0]):
                text = getattr(text, "pattern", text)
                if isinstance(text, str):
                    yield Found(f"{module.__name__}.{name}", re.compile(text), {"search"})


@cache
def all_patterns() -> tuple[list[Found], list[str]]:
    """Every pattern, and the places of those that are made from values of the moment."""
    found: dict[tuple[Any, int], Found] = {}
    unknown: list[str] = []
    for module in modules():
        source = _Source(module)
        source.visit(ast.parse(Path(place_of(module)).read_text()))
        unknown += source.open
        for name, value in list(vars(module).items()):
            for pattern in _inside(value):
                one = found.setdefault((pattern.pattern, pattern.flags), Found(f"{module.__name__}.{name}", pattern))
                one.used |= source.used.get(name, set())
        for other in [*source.written, *_of_pydantic(module)]:
            one = found.setdefault((other.pattern.pattern, other.pattern.flags), other)
            one.used |= other.used
    return list(found.values()), unknown


class _Texts:
    """Beginnings of what a pattern matches, and what may be repeated behind each."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        self._groups: dict[int, str] = {}
        self.made: dict[tuple[str, str], None] = {}
        self._pieces: dict[str, None] = {}
        self._begins: dict[str, None] = {"": None}
        whole = self._read(parser.parse(pattern.pattern, pattern.flags), "")
        self.made |= {("", piece): None for piece in (*self._pieces, whole, f"{whole} ") if piece}
        repeated = dict.fromkeys(piece for _, piece in self.made)
        for begin in self._begins:
            self.made |= {(begin, piece): None for piece in repeated}

    def _letters(self, kind: Any, value: Any) -> list[str] | None:
        if kind is sre.LITERAL:
            return [chr(value)]
        if kind is sre.ANY:
            return ["a", " ", "1"]
        if kind is sre.NOT_LITERAL:
            return [letter for letter in _LETTERS if ord(letter) != value]
        if kind is sre.IN:
            fitting = [letter for letter in _LETTERS if self._in(value, letter)]
            return fitting or [next(chr(code) for code in range(0x11000) if self._in(value, chr(code)))]
        return None

    @staticmethod
    def _in(members: Any, letter: str) -> bool:
        inside = False
        for kind, value in members:
            if kind is sre.LITERAL:
                inside |= ord(letter) == value
            elif kind is sre.RANGE:
                inside |= value[0] <= ord(letter) <= value[1]
            elif kind is sre.CATEGORY:
                name = str(value)
                fits = letter.isdigit() if "DIGIT" in name else letter.isspace() if "SPACE" in name else None
                fits = (letter.isalnum() or letter == "_") if fits is None else fits
                inside |= fits != ("NOT" in name)
        return bool(inside) != (members[0][0] is sre.NEGATE)

    def _read(self, items: Any, before: str) -> str:
        """An example of what the items match; on the way what is repeated in them is noted."""
        here = ""
        for kind, value in items:
            if letters := self._letters(kind, value):
                here += letters[0]
                self._pieces |= dict.fromkeys(letters[:6])
            elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
                least, most, inner = value
                example = self._read(inner, before + here)
                if most > _MANY:
                    self._begins[before + here] = None
                    self.made |= {(before + here, piece): None for piece in (*self._firsts(inner), example) if piece}
                    self.made[("", before + here + example)] = None
                here += example * least
            elif kind is sre.SUBPATTERN:
                self._groups[value[0]] = example = self._read(value[3], before + here)
                here += example
            elif kind is sre.ATOMIC_GROUP:
                here += self._read(value, before + here)
            elif kind is sre.BRANCH:
                examples = [self._read(branch, before + here) for branch in value[1]]
                self.made |= {("", before + here + example): None for example in examples[:40]}
                here += examples[0]
            elif kind is sre.GROUPREF:
                here += self._groups.get(value, "")
            elif kind in (sre.ASSERT, sre.ASSERT_NOT):
                self._read(value[1], before + here)
        return here

    def _firsts(self, items: Any) -> list[str]:
        for kind, value in items:
            if letters := self._letters(kind, value):
                return letters[:8]
            if kind is sre.SUBPATTERN:
                return self._firsts(value[3])
            if kind is sre.BRANCH:
                return [letter for branch in value[1] for letter in self._firsts(branch)][:40]
        return []


def texts_for(pattern: re.Pattern[Any]) -> list[tuple[str, str]]:
    """Beginnings, and what is repeated behind each so that the pattern may take long to find that it does not fit."""
    made = [(begin, piece) for begin, piece in _Texts(pattern).made if piece]
    step = max(1, len(made) // _MOST_TEXTS)
    return made[::step]


def seconds(found: Found, text: str) -> float:
    """The processor time that the slowest of a pattern's operations takes on a text; the second time if it is long."""
    given: Any = text.encode("latin-1", "replace") if isinstance(found.pattern.pattern, bytes) else text

    def measured(name: str) -> float:
        began = process_time()
        if name in ("sub", "subn"):
            found.pattern.sub(lambda match: match[0], given)
        elif name == "finditer":
            list(found.pattern.finditer(given))
        else:
            getattr(found.pattern, name)(given)
        return process_time() - began

    worst = 0.0
    for name in found.used or ("search", "fullmatch", "sub"):
        took = measured(name)
        if took > 0.0005:
            took = min(took, measured(name), measured(name))
        worst = max(worst, took)
    return worst
