"""Prices as people type them, as plain decimal numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

HIGHEST: Final = Decimal(1_000_000)
_CURRENCY: Final = re.compile(
    r"^(?:(?:NZ|AU|US|CA|HK|S|A|R)?[$€£¥₹]|NZD|AUD|USD|CAD|EUR|GBP|CHF)\s{0,9}|\s{0,9}(?:[$€£¥₹]|NZD|AUD|USD|CAD|EUR|GBP|CHF)$"
)
_PLAIN: Final = re.compile(r"\d+(?:\.\d{1,2})?|\.\d{1,2}", re.ASCII)
_COMMA: Final = re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+),\d{1,2}", re.ASCII)
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?", re.ASCII)
_ZEROS: Final = re.compile(r"(\d+\.\d{2})0+", re.ASCII)


class PriceNotReadable(ValueError):
    """The text is no price, or could be several."""


def read_price(text: str) -> tuple[str, str | None]:
    """The price as `12.90`, and what had to be put right for that, or None. PriceNotReadable: not in one way only."""
    bare = text.strip().replace("\u00a0", " ")
    without = _CURRENCY.sub("", bare, count=1).strip()
    repairs = ["a currency sign was taken off"] if without != bare else []
    if zeros := _ZEROS.fullmatch(without):
        without = zeros[1]
        repairs.append("zeros at the end were cut")
    if _COMMA.fullmatch(without):
        without = without.replace(".", "").replace(",", ".")
        repairs.append("the decimal comma became a point")
    elif _THOUSANDS.fullmatch(without):
        without = without.replace(",", "")
        repairs.append("the commas between thousands were taken out")
    if not _PLAIN.fullmatch(without):
        raise PriceNotReadable("is not a price" if text.strip() else "is missing")
    price = Decimal(without)
    if price >= HIGHEST:
        raise PriceNotReadable("is too high for a price")
    return f"{price:.2f}", ", ".join(repairs) or None
