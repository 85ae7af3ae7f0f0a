"""How a workload reads names: whose a batch is, and what is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MAX_PREFIX: Final = 20
"""Longer prefixes are cut: clients keep them in a column of 20 characters."""


def stem_of(filename: str) -> str:
    """A file name without its folders, its ending, and characters that cannot be printed."""
    name = re.split(r"[/\\]", filename)[-1]
    name = "".join(c for c in name if c.isprintable())
    return name.rpartition(".")[0] or name


def customer_key(customer: str) -> str:
    """What is the same in all spellings of a customer: `PL_DXB-191`, `pl dxb191` and `PL_DXB191` are one."""
    return "".join(c for c in customer.casefold() if c.isalnum())


@dataclass(frozen=True, slots=True)
class NamingChoices:
    """What an organisation says of the names of its files.

    `views`: words for each view, besides the built-in ones. `not_views`: words that are none here. `customers` are
    known for sure, `not_customers` are none, `seen` are those of earlier batches: keys (`customer_key`) with the
    spelling that is kept.
    """

    views: Mapping[str, Sequence[str]] = field(default_factory=dict)
    not_views: Sequence[str] = ()
    customers: Mapping[str, str] = field(default_factory=dict)
    not_customers: frozenset[str] = frozenset()
    seen: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Mapping[str, Any], seen: Iterable[str] = ()) -> NamingChoices:
        """From what is kept with the organisation, and the customers of its earlier batches."""
        return cls(
            views=said.get("views", {}),
            not_views=said.get("not_views", ()),
            customers={customer_key(name): name for name in said.get("customers", ())},
            not_customers=frozenset(map(customer_key, said.get("not_customers", ()))),
            seen={customer_key(name): name for name in seen},
        )


NO_CHOICES: Final = NamingChoices()


class Naming:
    """How a workload reads names: as nobody's, and counted. One that knows more of its files overrides the methods."""

    def customers_in(self, filename: str) -> Sequence[str]:
        """Every customer that a name may begin with, so that those of earlier batches can be looked up."""
        return ()

    def customer_of(self, filename: str, choices: NamingChoices = NO_CHOICES) -> str | None:
        """The customer's prefix of one file name (`KX_Harbour7_..._Final.png` -> `KX_HARBOUR7`); None in doubt."""
        return None

    def describe(self, filenames: Sequence[str], choices: NamingChoices = NO_CHOICES) -> str | None:
        """What is in the batch, such as `3-view`, without blanks and slashes; None: only how many there are."""
        return None
