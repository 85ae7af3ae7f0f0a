"""Looking for one name among thousands, fast: few of them are looked at closely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from app.extractions.names.letters import Word, contract, fold, letters_of, word_of
from app.extractions.names.matching import Match, match
from app.extractions.names.near import NEAR_ENOUGH, likeness
from app.extractions.names.parsing import Name, parse
from app.extractions.names.transliteration import latin_text, may_begin

NEAR: Final = 5
_SIGNS: Final = " ,.-‐‑‒–—―'’`´*()[]\"“”«»/_0123456789\t\r\u00a0"
_NOT_LETTERS: Final = str.maketrans("", "", _SIGNS)
_AS_BLANKS: Final = str.maketrans(dict.fromkeys(' ,.-‐‑‒–—―()[]"“”«»/_*', " "))
_LOOKED_AT: Final = 150
_MATCHED: Final = 2000
"""Names that hold the words of the wanted one, so many at most: a sheet made to hold up the process has more."""


class NameSearch:
    """The names of one sheet, each once, to look into for one name after another."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)

    @cached_property
    def _folded(self) -> list[str]:
        blob = "\n".join([name if "\n" not in name else name.replace("\n", " ") for name in self.names])
        return fold(blob).split("\n")

    @cached_property
    def _lines(self) -> list[str]:
        """The names as bare letters without a gap, special letters contracted."""
        return contract("\n".join(self._folded)).translate(_NOT_LETTERS).split("\n")

    @cached_property
    def _latin_lines(self) -> list[str]:
        return latin_text("\n".join(self._folded)).translate(_NOT_LETTERS).split("\n")

    @cached_property
    def _foreign(self) -> list[int]:
        """Where names stand in another script than Latin."""
        return [place for place, line in enumerate(self._lines) if not line.isascii()]

    @cached_property
    def _latin(self) -> list[int]:
        return [place for place, line in enumerate(self._lines) if line.isascii()]

    def matches(self, wanted: str) -> dict[str, Match]:
        """The names that may be the wanted person's, and how surely, in their order."""
        name = parse(wanted)
        found: dict[str, Match] = {}
        for place in self._candidates(name):
            if (how := match(name, parse(self.names[place]))) is not Match.NONE:
                found[self.names[place]] = how
        return found

    def near(self, wanted: str, most: int = NEAR) -> list[str]:
        """The names that come close, the closest first, each person's once as far as the name shows."""
        name = parse(wanted)
        best: dict[tuple[Word, ...], tuple[float, int]] = {}
        for place in self._likely(name):
            other = parse(self.names[place])
            score = likeness(name, other)
            if score >= NEAR_ENOUGH:
                key = tuple(word for reading in other.readings[:1] for word in (*reading.given, *reading.family))
                best[key] = max(best.get(key, (0.0, 0)), (score, -place))
        ranked = sorted(best.values(), reverse=True)
        return [self.names[-place] for _, place in ranked[:most]]

    def _candidates(self, name: Name) -> list[int]:
        """Where at least two words of the name stand, or its only one."""
        words = [*dict.fromkeys((*name.words, *name.nicknames))]
        if not words or not self.names:
            return []
        hits = [0] * len(self.names)
        for word in words:
            for place in self._holding(word):
                hits[place] += 1
        least = min(2, len(words))
        places = [place for place, count in enumerate(hits) if count >= least]
        return sorted(places, key=lambda place: -hits[place])[:_MATCHED] if len(places) > _MATCHED else places

    def _holding(self, word: Word) -> set[int]:
        """Where the word stands, in any spelling, also within a longer one."""
        probes = {word.folded, contract(word.folded), *word.spellings, *map(contract, word.spellings)}
        found: set[int] = set()
        for probe in probes:
            found.update([place for place, line in enumerate(self._lines) if probe in line])
        for place in self._foreign if word.spellings else self._latin:
            if place not in found and any(word.is_same(part) for part in self._alike(word, place)):
                found.add(place)
        return found

    def _alike(self, word: Word, place: int) -> Iterator[Word]:
        """The words of a name in another script that begin as this one may."""
        for part in self.names[place].casefold().translate(_AS_BLANKS).split():
            if may_begin(word.folded, part) or may_begin(part, word.folded):
                yield word_of(letters_of(part))

    def _likely(self, name: Name) -> list[int]:
        """Where names stand that share letters with the wanted one, those that share most first."""
        plain = [word.plain for word in name.words] if self.names else []
        threes = {word[at : at + 3] for word in plain for at in range(max(1, len(word) - 2))}
        lines = self._latin_lines
        hits = [0] * len(lines)
        for three in threes:
            for place, line in enumerate(lines):
                if three in line:
                    hits[place] += 1
        places = [place for place, count in enumerate(hits) if count]
        return sorted(places, key=lambda place: (-hits[place], place))[:_LOOKED_AT]
