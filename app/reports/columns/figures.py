"""Numbers by the way they are written: plain, grouped, with units, with a decimal point or a decimal comma."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from app.reports.columns.kinds import ALL, FORMS, NONE, NUMBERS, Kind, Name, Sign, T
from app.reports.readers.scratch import quoted

_OTHER: Final = dict.fromkeys(FORMS, NONE)
_WHOLES: Final = _OTHER | {"bigint": ALL}
_NUMBERS: Final = _OTHER | dict.fromkeys(NUMBERS, ALL)
LONGEST: Final = 38
"""Digits of the longest number that DuckDB keeps exactly."""
_CODES: Final = (
    "AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF"
    "|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|RUB|SEK|SGD|THB|TRY|UAH|USD|ZAR"
)
_SYMBOLS: Final = r"[A-Z]{0,2}[$€£¥₹₽₺₩₪₴₫₱฿]|kr\.?|zł|Kč|Ft|Fr\.|Rs\.?|лв\.?|руб\.?"
UNIT: Final = rf"(?:{_CODES}|{_SYMBOLS}|%|‰)"
_GAP: Final = "[ \u00a0\u202f\u2009]"
_MINUS: Final = "[-\u2212]"
_APOSTROPHE: Final = "['\u2019]"
_SWISS: Final = "[-\u2013\u2014]{1,2}"
"""`12.-` has no cents."""
_WHOLE: Final = r"0|[1-9]\d*"
_POINT_GROUPS: Final = r"[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}"
_COMMA_GROUPS: Final = r"[1-9]\d{0,2}(?:\.\d{3})+"
_OTHER_GROUPS: Final = rf"[1-9]\d{{0,2}}(?:{_GAP}\d{{3}})+|[1-9]\d{{0,2}}(?:{_APOSTROPHE}\d{{3}})+"
_SHORT: Final = r"(?:0|[1-9]\d{0,5})"
"""More digits after a plus are a telephone number."""


def _integer(digits: int, type_name: str) -> Kind:
    # A leading zero means a code (a FIPS or ZIP code), which arithmetic would destroy.
    pattern = rf"\+?{_SHORT}|-?(?:0|[1-9]\d{{0,{digits - 1}}})"
    value = f"try_cast({T} as {type_name})"
    return Kind("integer", None, pattern, value, type_name, digits=T, is_sure=True, forms=_WHOLES, keeps=("bigint",))


BIGINT: Final = _integer(18, "bigint")
HUGEINT: Final = _integer(LONGEST, "hugeint")
ENDLESS: Final = Kind("text", None, r"-?[1-9]\d*|0", T, "varchar", digits=T, is_sure=True, forms=_WHOLES)
"""Integers of more digits than can be counted with: they stay text."""
_SIMPLE: Final = r"(?:0|[1-9]\d{0,37})(?:\.\d*)?|\.\d+"
PLAIN: Final = Kind(
    "number",
    None,
    rf"-?(?:{_SIMPLE})|\+{_SHORT}(?:\.\d*)?",
    "",
    "",
    digits=T,
    sign="point",
    is_sure=True,
    forms=_NUMBERS,
    keeps=NUMBERS,
).typed("double")
_POWERED: Final = rf"(?:(?:{_WHOLE})\.\d*|\.\d+)(?:[eE][+-]?\d{{1,3}})?|(?:{_WHOLE})(?:[eE][+-]\d{{1,3}})?"
_DOUBLE: Final = f"try_cast({T} as double)"
POWERED: Final = Kind(
    "number",
    "with exponents",
    rf"-?(?:{_POWERED})|-(?:{_WHOLE})[eE]\d{{1,3}}",
    f"case when isfinite({_DOUBLE}) then {_DOUBLE} end",
    "double",
    digits=T,
    sign="point",
    forms=_NUMBERS,
)
"""`1.5e3` and `1e+05`; `219E01` and `1E5` are codes as often as numbers."""


def _decorated(body: str, short: str) -> str:
    """A number with a sign, a unit and brackets wherever people put them."""
    before, after = rf"(?:{UNIT}{_GAP}?)?", rf"(?:{_GAP}?{UNIT})?"
    signed = rf"{_MINUS}?{_GAP}?{before}{_MINUS}?(?:{body}){after}(?:{_GAP}?{_MINUS})?"
    return rf"{signed}|\+{before}(?:{short}){after}|{before}\({_GAP}?{before}(?:{body}){after}\)"


def _styled(sign: Sign, *, fractions: bool) -> Kind:
    mark, groups, said = (r"\.", _POINT_GROUPS, "point") if sign == "point" else (",", _COMMA_GROUPS, "comma")
    whole = rf"(?:{_WHOLE}|{groups}|{_OTHER_GROUPS})"
    fraction = rf"(?:{mark}\d*)?" if fractions else ""
    body = rf"{whole}{fraction}|{whole}{mark}{_SWISS}" + (rf"|{mark}\d+" if fractions else "")
    kept = "." if sign == "point" else ","
    noise = quoted(rf"[^0-9{kept}]|[{kept}](?:[^0-9]|$)")
    digits = f"regexp_replace({T}, {noise}, '', 'g')"
    if sign == "comma":
        digits = f"replace({digits}, ',', '.')"
    negative = quoted(rf"^[^0-9]*(?:{_MINUS}|\()|[0-9][^0-9.,]*{_MINUS}[^0-9]*$")
    digits = f"concat(case when regexp_matches({T}, {negative}) then '-' else '' end, {digits})"
    type_name = "double" if fractions else "hugeint"
    name: Name = "number" if fractions else "integer"
    written = f"decimal {said}, thousands apart or with a unit" if fractions else "thousands apart or with a unit"
    forms = _NUMBERS if fractions else _WHOLES
    if sign == "comma":
        forms = _WHOLES | {"thousandths": f"case when abs({T}) >= 1 and abs({T}) < 1000 then {T} end"}
    return Kind(
        name, written, _decorated(body, rf"{_SHORT}{fraction}"), "", type_name, digits=digits, sign=sign, forms=forms
    ).typed(type_name)


_SIGNS: Final[tuple[Sign, ...]] = ("point", "comma")
STYLED: Final = tuple(_styled(sign, fractions=fractions) for sign in _SIGNS for fractions in (False, True))
CANDIDATES: Final = (BIGINT, HUGEINT, ENDLESS, PLAIN, POWERED, *STYLED)
"""The narrower first."""
_MANY: Final = 10
_COMMA_THOUSANDS: Final = re.compile(r"(?:[$£¥₹]|USD|GBP|INR|JPY|CNY|HKD|Rs\.?)")


def are_thousands(known: Sequence[str]) -> bool:
    """Whether the comma of 1,125 sets thousands apart: beside many such numbers stand whole ones, all below 1,000.

    Decimals would now and then be two, or follow a zero.
    """
    grouped = [text for text in known if "," in text]
    wholes = [text for text in known if text.isascii() and text.isdecimal()]
    if len(grouped) < _MANY or not wholes or max(map(len, wholes)) > 3 or any("." in text for text in known):
        return False
    return not any(text.startswith("0,") for text in grouped)


def money_sign(known: Sequence[str]) -> Sign | None:
    """The decimal sign of amounts such as $1,234: where money is written so, no coin has three decimals."""
    marked = [text for text in known if "," in text or "." in text]
    is_money = marked and all("." not in text and _COMMA_THOUSANDS.search(text) for text in marked)
    return "point" if is_money and not any("R$" in text for text in marked) else None
