"""Restaurants, the index that finds a restaurant's registrations, and the view batch_operation_logs (document 004)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

LOG_VIEW = """
create view batch_operation_logs as
select md5(e.batch_id::text || ':' || e.id)::uuid as id, e.batch_id as batch_job_id, e.job_id as registration_job_id,
  case e.type when 'step.failed' then 'error_occurred' when 'job.failed' then 'error_occurred'
    when 'batch.alerted' then 'error_occurred' when 'job.retrying' then 'retry_attempted'
    else replace(e.type, '.', '_') end as operation,
  e.data || jsonb_strip_nulls(jsonb_build_object('step', e.step, 'actor', e.actor, 'event', e.type, 'event_id', e.id))
    as details,
  e.created_at, b.organisation_id, e.id as event_id, 0 as place
from events e join batches b on b.id = e.batch_id join pipelines p on p.id = b.pipeline_id
where p.key = 'restaurant-registration'
union all
select md5(j.id::text || ' created')::uuid, j.batch_id, j.id, 'job_created',
  jsonb_strip_nulls(jsonb_build_object('sequence', j.sequence, 'name', j.filename,
    'restaurant_id', j.record ->> 'restaurant_id', 'retry_of_job_id', j.retry_of_job_id)),
  j.created_at, b.organisation_id, 1, j.sequence
from jobs j join batches b on b.id = j.batch_id join pipelines p on p.id = b.pipeline_id
where p.key = 'restaurant-registration'
"""


def upgrade() -> None:
    empty = sa.text("'{}'")
    op.create_table(
        "restaurants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("icp_score", sa.Integer(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("contact", postgresql.JSONB(), server_default=empty, nullable=False),
        sa.Column("attributes", postgresql.JSONB(), server_default=empty, nullable=False),
        sa.Column("menu_file_id", sa.Uuid(), nullable=True),
        sa.Column("menu", postgresql.JSONB(), nullable=True),
        sa.Column("option_sets_file_id", sa.Uuid(), nullable=True),
        sa.Column("option_sets", postgresql.JSONB(), nullable=True),
        sa.Column("account", postgresql.JSONB(), nullable=True),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("icp_score between 0 and 10", name=op.f("ck_restaurants_icp_score")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_restaurants_organisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["menu_file_id"], ["files.id"], name=op.f("fk_restaurants_menu_file_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["option_sets_file_id"], ["files.id"], name=op.f("fk_restaurants_option_sets_file_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restaurants")),
    )
    op.create_index("ix_restaurants_organisation_id_name", "restaurants", ["organisation_id", "name", "id"])
    op.create_index("ix_restaurants_organisation_id_created_at", "restaurants", ["organisation_id", "created_at", "id"])
    op.create_index("ix_restaurants_menu_file_id", "restaurants", ["menu_file_id"])
    op.create_index("ix_restaurants_option_sets_file_id", "restaurants", ["option_sets_file_id"])
    op.create_index(
        "ix_jobs_restaurant_id",
        "jobs",
        [sa.text("(record ->> 'restaurant_id')"), sa.text("id desc")],
        postgresql_where=sa.text("(record ->> 'restaurant_id') is not null"),
    )
    op.execute(LOG_VIEW)


def downgrade() -> None:
    op.execute("drop view batch_operation_logs")
    op.drop_index("ix_jobs_restaurant_id", table_name="jobs")
    op.drop_table("restaurants")
