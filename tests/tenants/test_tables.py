"""Every table has an owner, so that no new one is forgotten by an export or an erasure."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, MetaData, Table, Uuid

import app.models  # noqa: F401
from app.kit.db import Base
from app.tenants.tables import SHARED, TableWithoutOwner, owned_tables


def test_every_table_is_somebodys() -> None:
    names = {owned.name for owned in owned_tables(Base.metadata)}
    assert names | SHARED == {table.fullname for table in Base.metadata.sorted_tables}
    assert not names & SHARED


def test_table_that_nobody_owns_is_found() -> None:
    metadata = MetaData()
    Table("organisations", metadata, Column("id", Uuid, primary_key=True))
    Table("stray", metadata, Column("id", Uuid, primary_key=True))
    with pytest.raises(TableWithoutOwner, match="stray"):
        owned_tables(metadata)
