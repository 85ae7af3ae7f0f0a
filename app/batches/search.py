"""Finding batches by a piece of their name: an index of every run of one, two and three characters.

What the extension pg_trgm does for three, on any server: neither the embedded PostgreSQL nor every managed one has it.
The organisation is one of the words, so that a search reads nothing of other organisations.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, null

GRAMS_FUNCTION: Final = """
create function search_grams(organisation_id uuid, name text, base_directory_name text, customer_prefix text)
returns text[] language sql immutable parallel safe as $$
  select organisation_id::text || coalesce(array_agg(distinct substr(lower(value), place, size)), '{}')
  from unnest(array[name, base_directory_name, customer_prefix]) as value,
    generate_series(1, 3) as size, generate_series(1, length(value) - size + 1) as place
$$
"""
SEARCHED: Final = ("name", "base_directory_name", "customer_prefix")
GRAMS_OF_BATCH: Final = f"search_grams(organisation_id, {', '.join(SEARCHED)})"


def mentions(columns: Any, term: str) -> ColumnElement[bool]:
    """Whether one of a batch's names contains the term, in any case."""
    everything = func.concat_ws("\n", *(columns[name] for name in SEARCHED))
    return func.strpos(func.lower(everything), func.lower(term)) > 0


def may_mention(columns: Any, organisation_id: UUID, term: str) -> ColumnElement[bool]:
    """The same as far as the index knows: it finds them quickly, and a few too many."""
    of_batch = func.search_grams(columns["organisation_id"], *(columns[name] for name in SEARCHED))
    of_term = func.search_grams(organisation_id, cast(term, Text), null(), null())
    return of_batch.bool_op("@>")(of_term)
