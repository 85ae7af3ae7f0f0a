"""Finding batches by a piece of their name: an index of every run of one, two and three characters.

What the extension pg_trgm does for three, on any server: neither the embedded PostgreSQL nor every managed one has it.
The organisation is one of the words, so that a search reads nothing of other organisations; where one has practically
all batches, it is left out of what is asked for.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func
from sqlalchemy.dialects.postgresql import array

GRAMS_FUNCTION: Final = """
create function search_grams(organisation_id uuid, name text, base_directory_name text, customer_prefix text)
returns text[] language sql immutable parallel safe as $$
  select organisation_id::text || coalesce(array_agg(distinct substr(lower(value), place, size)), '{}')
  from unnest(array[name, base_directory_name, customer_prefix]) as value,
    generate_series(1, 3) as size, generate_series(1, length(value) - size + 1) as place
$$
"""
LONGEST: Final = 3
"""Characters of the longest runs in the index."""
SEARCHED: Final = ("name", "base_directory_name", "customer_prefix")
ALONE: Final = 0.999
"""With this part of all batches an organisation is as good as alone: a search may read that of the rest for nothing."""
GRAMS_OF_BATCH: Final = f"search_grams(organisation_id, {', '.join(SEARCHED)})"


def mentions(columns: Any, term: str) -> ColumnElement[bool]:
    """Whether one of a batch's names contains the term, in any case."""
    everything = func.concat_ws("\n", *(columns[name] for name in SEARCHED))
    return func.strpos(func.lower(everything), func.lower(term)) > 0


def may_mention(columns: Any, organisation_id: UUID, term: str, *, alone: bool) -> ColumnElement[bool]:
    """The same as far as the index knows: it finds them quickly, and a few too many.

    Only the term's longest runs are asked for: shorter ones are parts of them, and have the longest lists of the index.
    `alone`: the organisation has practically all batches, so its own list, the longest of all, tells nothing. The array
    is written out, so that the planner sees it and knows how many rows have it.
    """
    of_batch = func.search_grams(columns["organisation_id"], *(columns[name] for name in SEARCHED))
    owner, size = cast(str(organisation_id), Text), min(len(term), LONGEST)
    lowered = func.lower(cast(term, Text))
    # Should lower case be shorter, which it is in no language known, an empty run would be found nowhere.
    runs = [
        func.coalesce(func.nullif(func.substr(lowered, place, size), ""), owner)
        for place in range(1, len(term) - size + 2)
    ]
    return of_batch.bool_op("@>")(array(runs if alone else [owner, *runs]))
