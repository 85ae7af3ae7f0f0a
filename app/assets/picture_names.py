"""What file names of pictures tell: the customer, what is seen, and from which side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from app.assets.customer_reading import customer_in, spellings_in
from app.assets.view_reading import Seen, read_name
from app.assets.view_vocabulary import ViewVocabulary, vocabulary_of
from app.pipelines.naming import NO_CHOICES, Naming, NamingChoices


def seen_on(filename: str, choices: NamingChoices = NO_CHOICES) -> Seen:
    """The asset and the view that a file name tells of."""
    return read_name(filename, vocabulary_of(choices))


def view_of(filename: str, choices: NamingChoices = NO_CHOICES) -> str | None:
    """The view in a file name (`PL_DXB191_Chair_Front_4K.png` -> `front`), or None."""
    return seen_on(filename, choices).view


def asset_of(filename: str, choices: NamingChoices = NO_CHOICES) -> str:
    """What is seen on a picture: its file name without the view (`PL_DXB191_Chair_Front_02.png` -> `pl_dxb191_chair`).

    The same for every spelling of the separators and of upper and lower case. A name without a view is its own asset; a
    name that is nothing but a view belongs to the asset "".
    """
    return seen_on(filename, choices).asset


def asset_key(choices: NamingChoices) -> Callable[[str], str]:
    """`asset_of` for an organisation: the same object for the same words, as `siblings` asks for."""
    return _asset_key(vocabulary_of(choices))


@lru_cache(maxsize=64)
def _asset_key(vocabulary: ViewVocabulary) -> Callable[[str], str]:
    return lambda filename: read_name(filename, vocabulary).asset


class PictureNaming(Naming):
    """Names begin with the customer, and pictures that each name a view are counted by views."""

    def customers_in(self, filename: str) -> Sequence[str]:
        return spellings_in(filename)

    def customer_of(self, filename: str, choices: NamingChoices = NO_CHOICES) -> str | None:
        return customer_in(filename, choices)

    def describe(self, filenames: Sequence[str], choices: NamingChoices = NO_CHOICES) -> str | None:
        views = {view_of(name, choices) for name in filenames}
        return f"{len(views)}-view" if views and None not in views else None


PICTURES = PictureNaming()
