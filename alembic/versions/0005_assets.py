"""Lists of batches by index alone; mixtures of customers flagged; hand-over to other systems; old jobs grouped."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from app.batches.backfill import OldJob, add_batches, group_jobs
from app.kit.ids import new_id
from app.kit.schemas import check_moment

revision = "0005"
down_revision = "0004"

LIVE = sa.text("archived_at is null")
OPEN = "status in ('draft', 'pending', 'processing', 'paused', 'cancelling')"
HAND_OVER = "(auto_upload_enabled or monday_sync_enabled) and handed_over_at is null"
RELATION = "(parent_batch_id is null or relation is not null) and relation in ({})"
RELATIONS = "'retry_failed', 'restart', 'schedule', 'backfill'"
# Every run of one, two and three characters: what pg_trgm does for three, without an extension that a server may lack.
# The organisation is one of the words, so that a search reads nothing of other organisations.
SEARCH_GRAMS = """
create function search_grams(organisation_id uuid, name text, base_directory_name text, customer_prefix text)
returns text[] language sql immutable parallel safe as $$
  select organisation_id::text || coalesce(array_agg(distinct substr(lower(value), place, size)), '{}')
  from unnest(array[name, base_directory_name, customer_prefix]) as value,
    generate_series(1, 3) as size, generate_series(1, length(value) - size + 1) as place
$$
"""
GRAMS_OF_BATCH = "search_grams(organisation_id, name, base_directory_name, customer_prefix)"
SWITCHES = ("mixed_customers", "auto_upload_enabled", "monday_sync_enabled")


# A table that an older system left in this database: its jobs get batches, and its column batch_id says which.
LEGACY_COLUMNS = {"id", "pipeline_id", "created_at", "filename", "status"}
LEGACY_WINDOW = timedelta(seconds=60)


def group_legacy_jobs() -> None:
    """Batches for the rows of `legacy_jobs`, when there is such a table (document 001, migration strategy)."""
    connection = op.get_bind()
    columns = {column["name"] for column in sa.inspect(connection).get_columns("legacy_jobs")}
    if missing := LEGACY_COLUMNS - columns:
        raise RuntimeError(f"legacy_jobs has no column {', '.join(sorted(missing))}: rename the table, or add it")
    if "batch_id" not in columns:
        op.add_column("legacy_jobs", sa.Column("batch_id", sa.Uuid(), sa.ForeignKey("batches.id", ondelete="SET NULL")))
    organisation = connection.execute(sa.text("select id from organisations order by created_at limit 1")).scalar()
    if organisation is None:
        organisation = new_id()
        connection.execute(
            sa.text("insert into organisations (id, name) values (:id, 'Default')"), {"id": organisation}
        )
    query = "select id, pipeline_id, created_at, filename, status from legacy_jobs where batch_id is null"
    rows = connection.execute(sa.text(query)).mappings().all()
    jobs = [
        OldJob(check_moment(row["created_at"]), row["pipeline_id"], row["filename"] or "", str(row["status"]).lower())
        for row in rows
    ]
    ids = {id(job): row["id"] for job, row in zip(jobs, rows, strict=True)}
    groups = group_jobs(jobs, LEGACY_WINDOW)
    fill = sa.text("update legacy_jobs set batch_id = :batch_id where id = any(:ids)")
    for batch, group in zip(add_batches(connection, organisation, groups, "migration"), groups, strict=True):
        connection.execute(fill, {"batch_id": batch.id, "ids": [ids[id(job)] for job in group]})


def upgrade() -> None:
    for name in SWITCHES:
        op.add_column("batches", sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("batches", sa.Column("dropbox_directory_id", sa.String(255)))
    op.add_column("batches", sa.Column("monday_item_id", sa.String(255)))
    op.add_column("batches", sa.Column("handed_over_at", sa.DateTime(timezone=True)))
    op.drop_constraint(op.f("ck_batches_relation"), "batches")
    op.create_check_constraint(op.f("ck_batches_relation"), "batches", RELATION.format(f"{RELATIONS}, 'hand_over'"))
    for name in ("organisation_id_created_at", "organisation_id_status", "pipeline_id"):
        op.drop_index(op.f(f"ix_batches_{name}"), "batches")
    op.execute(SEARCH_GRAMS)
    by_time = ["created_at", "id"]
    op.create_index("ix_batches_live", "batches", ["organisation_id", *by_time], postgresql_where=LIVE)
    op.create_index(
        "ix_batches_archived",
        "batches",
        ["organisation_id", *by_time],
        postgresql_where=sa.text("archived_at is not null"),
    )
    op.create_index("ix_batches_status", "batches", ["organisation_id", "status", *by_time], postgresql_where=LIVE)
    op.create_index(
        "ix_batches_pipeline", "batches", ["organisation_id", "pipeline_id", *by_time], postgresql_where=LIVE
    )
    op.create_index("ix_batches_name", "batches", ["organisation_id", "name", "id"], postgresql_where=LIVE)
    op.create_index("ix_batches_total_files", "batches", ["organisation_id", "total_files", "id"])
    op.create_index(
        "ix_batches_customer_prefix",
        "batches",
        ["organisation_id", "customer_prefix", "created_at"],
        postgresql_where=sa.text("customer_prefix is not null"),
        postgresql_ops={"customer_prefix": "text_pattern_ops"},
    )
    op.create_index(
        "ix_batches_words",
        "batches",
        [sa.text(GRAMS_OF_BATCH)],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    )
    op.create_index("ix_batches_open", "batches", ["status"], postgresql_where=sa.text(OPEN))
    op.create_index("ix_batches_hand_over", "batches", ["completed_at"], postgresql_where=sa.text(HAND_OVER))
    if sa.inspect(op.get_bind()).has_table("legacy_jobs"):
        group_legacy_jobs()


def downgrade() -> None:
    for name in (
        *("live", "archived", "status", "pipeline", "name", "total_files", "customer_prefix", "words"),
        *("open", "hand_over"),
    ):
        op.drop_index(f"ix_batches_{name}", "batches")
    op.execute("drop function search_grams(uuid, text, text, text)")
    op.create_index(op.f("ix_batches_pipeline_id"), "batches", ["pipeline_id"])
    newest = sa.text("created_at desc")
    op.create_index("ix_batches_organisation_id_created_at", "batches", ["organisation_id", newest, sa.text("id desc")])
    op.create_index("ix_batches_organisation_id_status", "batches", ["organisation_id", "status", newest])
    op.execute("delete from batches where relation = 'hand_over'")
    op.drop_constraint(op.f("ck_batches_relation"), "batches")
    op.create_check_constraint(op.f("ck_batches_relation"), "batches", RELATION.format(RELATIONS))
    for name in ("handed_over_at", "monday_item_id", "dropbox_directory_id", *SWITCHES):
        op.drop_column("batches", name)
