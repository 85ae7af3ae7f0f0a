"""The customer's prefix that a file name begins with: two codes, as in `PL_DXB191_Chair_Front.png`. In doubt none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.assets.no_customers import NO_CUSTOMERS, NOISE
from app.assets.view_reading import COPY_OF
from app.assets.view_words import VIEW_NOUNS, VIEW_WORDS
from app.pipelines.naming import MAX_PREFIX, NamingChoices, customer_key, stem_of

_TWO_CODES: Final = re.compile(r"([A-Za-z]{2,5})(?: ?[_\-] ?| )([A-Za-z]{2,})([0-9]*)(?=[_\-. ]|$)")
_HYPHENED: Final = re.compile(
    r"(?!.(?:19|20)[0-9]{2}(?![0-9]))(?:-([1-9][0-9]{1,5})| ([1-9][0-9]{2,5}))(?=[_\-. ]|($))"
)
"""The number of a code that is parted from its letters (`PL_DXB-191`); a year and what begins with 0 are none."""
_COUNTER_DIGITS: Final = 2
"""At the end of a name so many digits are a counter."""
_MOST_WORDS: Final = 4
_VOWELS: Final = frozenset("aeiouy")
_NOBODY: Final = NO_CUSTOMERS | VIEW_NOUNS | {word for words in VIEW_WORDS.values() for word in words.split()}


class _Start(NamedTuple):
    """What a name may begin with: the words of its first few, and as they are spelled together."""

    words: tuple[str, ...]

    @property
    def key(self) -> str:
        return customer_key("".join(self.words))

    @property
    def is_nobody(self) -> bool:
        return any(word.lower().rstrip("0123456789") in _NOBODY for word in self.words[:2])


def _beginning(filename: str) -> str:
    """The name without what was put before it: `Copy of`, `FINAL_`."""
    stem = COPY_OF.sub("", unicodedata.normalize("NFC", stem_of(filename)))
    first, separator, others = _partition(stem)
    return others if separator and first.lower() in NOISE and others[:1].isalnum() else stem


def _partition(stem: str) -> tuple[str, str, str]:
    found = re.match(r"([^\W_]{1,12})([_\- ]{1,3})", stem)
    return (found[1], found[2], stem[found.end() :]) if found else (stem, "", "")


def _starts(stem: str) -> list[_Start]:
    """The first words of a name, the longest start first."""
    if not stem[:1].isalnum():
        return []
    words = re.findall(r"[^\W_]+", stem[:120])[:_MOST_WORDS]
    return [_Start(tuple(words[:count])) for count in range(len(words), 0, -1)]


def spellings_in(filename: str) -> Sequence[str]:
    """What the customer of this name may be written like where earlier ones are kept."""
    found = []
    for start in _starts(_beginning(filename)):
        written = "_".join(start.words)
        found += [written.upper()[:MAX_PREFIX], written, " ".join(start.words)]
        if len(start.words) > 2 and start.words[-1].isdecimal():
            found.append(("_".join(start.words[:-1]) + start.words[-1]).upper()[:MAX_PREFIX])
    return found


def customer_in(filename: str, choices: NamingChoices) -> str | None:
    """The customer of a file name: one that the organisation named, then what is seen in the name, with the help of
    earlier batches; None when it might be anything else."""
    stem = _beginning(filename)
    starts = _starts(stem)
    for start in starts:
        if start.key in choices.customers:
            return choices.customers[start.key]
    guess = _guess(stem)
    if guess and customer_key(guess) in choices.not_customers:
        return None
    least = len(customer_key(guess)) if guess else 0
    for start in starts:
        known = choices.seen.get(start.key)
        if known and len(start.key) > least and not start.is_nobody and start.key not in choices.not_customers:
            return known
    return guess[:MAX_PREFIX] if guess else None


def _guess(stem: str) -> str | None:
    found = _TWO_CODES.match(stem)
    if found is None:
        return None
    account, letters, digits = found.groups()
    if {account.lower(), letters.lower()} & _NOBODY:
        return None
    if not digits and (number := _HYPHENED.match(stem, found.end())):
        parted = number[1] or number[2]
        if number[3] is None or len(parted) > _COUNTER_DIGITS:
            digits = parted
    if not _is_code(account, letters, digits, stem):
        return None
    return f"{account}_{letters}{digits}".upper()


def _is_code(account: str, letters: str, digits: str, stem: str) -> bool:
    """Whether two words are codes. Words that can be spoken, such as `RED_MUG`, are probably just that."""
    if not _is_speakable(account):
        return account.isupper() or bool(digits)
    if len(account) > 3 and not (account.isupper() and stem.upper() != stem):
        return False
    if digits:
        return account.isupper() or (len(digits) > 1 and not _is_speakable(letters))
    return account.isupper() and letters.isupper() and not _is_speakable(letters) and stem.upper() != stem


def _is_speakable(word: str) -> bool:
    """A vowel, and no three consonants in a row."""
    vowels = "".join("v" if c in _VOWELS else "c" for c in word.lower())
    return "v" in vowels and "ccc" not in vowels
