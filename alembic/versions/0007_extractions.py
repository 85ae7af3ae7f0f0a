"""Extractions in full: who reads a sheet just now, what it saved to know it, and one swimmer's history."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

SHEET_KEY = ("organisation_id", "sha256", "extractor", "version")


def upgrade() -> None:
    op.add_column("sheets", sa.Column("subject", sa.Text(), server_default="", nullable=False))
    op.add_column("sheets", sa.Column("read_ms", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "sheets", sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    )
    op.drop_constraint(op.f("uq_sheets_organisation_id_sha256_extractor_version"), "sheets")
    op.create_unique_constraint(
        op.f("uq_sheets_organisation_id_sha256_extractor_version_subject"), "sheets", [*SHEET_KEY, "subject"]
    )
    op.create_index("ix_sheets_organisation_id_used_at", "sheets", ["organisation_id", "used_at"])
    op.create_table(
        "sheet_claims",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("extractor", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sheet_claims_organisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_sheet_claims_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(*SHEET_KEY, "subject", name=op.f("pk_sheet_claims")),
    )
    op.create_index(op.f("ix_sheet_claims_job_id"), "sheet_claims", ["job_id"])
    for name, default in (("swimmer_core", ""), ("swimmer_short", ""), ("source", "text")):
        op.add_column("extractions", sa.Column(name, sa.Text(), server_default=default, nullable=False))
    op.create_check_constraint(op.f("ck_extractions_source"), "extractions", "source in ('text', 'ai')")
    _fill_name_keys()
    op.create_index("ix_extractions_organisation_id_id", "extractions", ["organisation_id", sa.text("id desc")])
    op.drop_index("ix_extractions_organisation_id_swimmer_name", table_name="extractions")
    op.create_index(
        "ix_extractions_organisation_id_swimmer_name",
        "extractions",
        ["organisation_id", "swimmer_name", sa.text("id desc")],
    )
    for key in ("swimmer_core", "swimmer_short"):
        columns = ["organisation_id", key, "swimmer_name"]
        op.create_index(f"ix_extractions_organisation_id_{key}", "extractions", columns)
    # The size of a fetched URL counts from now on.
    op.execute("""
        update batches b set total_size = j.size
        from (select batch_id, coalesce(sum(file_size), 0) as size from jobs group by batch_id) j
        where j.batch_id = b.id and b.total_size <> j.size and b.total_pipelines = 1
    """)


def _fill_name_keys() -> None:
    """Names as the program sees them today: a row that gets other keys later is only found by fewer spellings."""
    from app.extractions.names import name_keys

    connection = op.get_bind()
    names = connection.execute(sa.text("select distinct swimmer_name from extractions")).scalars().all()
    change = sa.text(
        "update extractions set swimmer_core = :core, swimmer_short = :short where swimmer_name = :swimmer_name"
    )
    for name in names:
        core, short = name_keys(name)
        connection.execute(change, {"core": core, "short": short, "swimmer_name": name})


def downgrade() -> None:
    for key in ("swimmer_short", "swimmer_core", "swimmer_name", "id"):
        op.drop_index(f"ix_extractions_organisation_id_{key}", table_name="extractions")
    op.create_index("ix_extractions_organisation_id_swimmer_name", "extractions", ["organisation_id", "swimmer_name"])
    op.drop_constraint(op.f("ck_extractions_source"), "extractions")
    for name in ("source", "swimmer_short", "swimmer_core"):
        op.drop_column("extractions", name)
    op.drop_table("sheet_claims")
    op.execute("delete from sheets where subject <> ''")
    op.drop_index("ix_sheets_organisation_id_used_at", table_name="sheets")
    op.drop_constraint(op.f("uq_sheets_organisation_id_sha256_extractor_version_subject"), "sheets")
    op.create_unique_constraint(op.f("uq_sheets_organisation_id_sha256_extractor_version"), "sheets", list(SHEET_KEY))
    for name in ("used_at", "read_ms", "subject"):
        op.drop_column("sheets", name)
