"""Names of invented people, and all the ways in which sheets print them and parents type them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_CONSONANTS, _VOWELS = "b d f g k l m n p r s t v z".split(), "a e i o u".split()
_SPECIAL = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "o", "å": "aa", "é": "e", "ł": "l", "ç": "c", "ñ": "n", "ß": "ss"}
_TO_CYRILLIC = {latin: letter for letter, latin in zip("бдфгклмнпрствзаеиоу", "bdfgklmnprstvzaeiou", strict=False)}
_PARTICLES = ("van", "de", "von", "le", "van der", "di")


@dataclass(frozen=True)
class Person:
    given: str
    family: str
    middle: str
    second: str
    nick: str
    particle: str


def word(dice: Random, syllables: int) -> str:
    made = "".join(dice.choice(_CONSONANTS) + dice.choice(_VOWELS) for _ in range(syllables))
    if dice.random() < 0.3:
        made += dice.choice(list(_SPECIAL)) if made[-1] != "s" else ""
    return (made + dice.choice(_CONSONANTS)).capitalize()


def person(dice: Random) -> Person:
    particle = dice.choice(_PARTICLES) if dice.random() < 0.2 else ""
    return Person(word(dice, 2), word(dice, 3), word(dice, 2), word(dice, 3), word(dice, 2), particle)


def plain(text: str) -> str:
    """With the usual transliterations."""
    for letter, spelling in _SPECIAL.items():
        text = text.replace(letter, spelling).replace(letter.upper(), spelling.upper())
    return text


def cyrillic(text: str) -> str:
    made = "".join(_TO_CYRILLIC.get(sign, sign) for sign in text.lower())
    return " ".join(word.capitalize() for word in made.split())


def ways(one: Person) -> list[str]:
    """The person's name as it is printed and typed; each is the same person to whoever reads it."""
    given, middle = one.given, one.middle
    family = f"{one.particle} {one.family}".strip()
    capitals = f"{one.particle} {one.family.upper()}".strip()
    names = [
        f"{given} {family}",
        f"{family}, {given}",
        f"{family} {given}",
        f"{capitals} {given}",
        f"{given} {capitals}",
        f"{capitals}, {given}",
        f"{given.upper()} {family.upper()}",
        f"*{family}, {given}",
        f"{family}, {given} {middle[0]}",
        f"{family}, {given} {middle[0]}.",
        f"{family}, {given} {middle}",
        f"{given} {middle} {family}",
        f"{capitals} {given} {middle}",
        f"{family}, {given} ({one.nick})",
        f"{family}, {given} {middle[0]} S9",
        f"{family}, {given} SB14",
        f"{family} {one.second}, {given}",
        f"{family}-{one.second}, {given}",
        f"{one.second} {family}, {given}",
        f"  {family} ,  {given} ",
    ]
    if one.particle:
        names += [f"{one.family}, {given} {one.particle}", f"{family.replace(' ', '')}, {given}"]
    return [*names, *(plain(name) for name in names)]
