"""What the planner's statistics know of whose the batches are."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Float, func, text

_OWNED_SHARE: Final = text("""
select known.share from pg_stats, unnest(most_common_vals::text::uuid[], most_common_freqs) as known (owner, share)
where schemaname = current_schema() and tablename = 'batches' and attname = 'organisation_id' and known.owner = :owner
""")


def owned_share(organisation_id: UUID) -> ColumnElement[float]:
    """The part of all batches that are the organisation's, as the planner knows it; 0 where it does not."""
    found = _OWNED_SHARE.bindparams(owner=organisation_id).columns(share=Float)
    return func.coalesce(found.scalar_subquery(), 0.0)
