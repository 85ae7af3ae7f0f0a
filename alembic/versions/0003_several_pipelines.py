"""Several pipelines in a batch: files are counted apart from jobs. Base directory names are numbered."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("batches", sa.Column("total_files", sa.Integer(), server_default="0", nullable=False))
    op.execute("update batches set total_files = total_jobs")
    op.add_column("jobs", sa.Column("item", sa.Integer(), server_default="0", nullable=False))
    op.execute("update jobs set item = sequence")
    op.create_check_constraint(
        op.f("ck_batches_totals"), "batches", "total_pipelines >= 1 and total_files between 0 and total_jobs"
    )
    op.create_table(
        "directory_names",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_directory_names_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "name", name=op.f("pk_directory_names")),
    )
    op.execute(
        "insert into directory_names (organisation_id, name, used)"
        " select organisation_id, base_directory_name, count(*) from batches group by 1, 2"
    )


def downgrade() -> None:
    op.drop_table("directory_names")
    op.drop_constraint(op.f("ck_batches_totals"), "batches")
    op.drop_column("jobs", "item")
    op.drop_column("batches", "total_files")
