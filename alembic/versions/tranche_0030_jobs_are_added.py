"""Jobs have an id of the client's."""

from alembic import op

revision = "tranche_0030"
down_revision = "tranche_0029"


def upgrade() -> None:
    op.execute("alter table jobs add column external_id text")
    # No row has one yet: it is read through the table once, and holds nothing.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create unique index uq_jobs_external_id on jobs (batch_id, external_id, pipeline_id)"
        " where external_id is not null"
    )


def downgrade() -> None:
    op.execute("alter table jobs drop column external_id")
