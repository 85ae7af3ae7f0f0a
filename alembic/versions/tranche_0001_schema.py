"""The schema of the first release, in a file of SQL for each room; squashed from the steps that led to it."""

import re
from pathlib import Path

from alembic import op

revision = "tranche_0001"
down_revision = None
branch_labels = ("tranche",)

ROOMS = sorted(Path(__file__).with_suffix("").glob("*.sql"))


def upgrade() -> None:
    for room in ROOMS:
        # One statement at a time, as the driver wants it. A comment or a function's body may hold semicolons.
        for statement in re.findall(r"(?:--[^\n]*|\$\$.*?\$\$|[^;])+;", room.read_text("utf-8"), re.DOTALL):
            op.execute(statement)


def downgrade() -> None:
    # What the engine and the runner installed beside the migrations goes as well.
    op.execute("drop schema if exists engine cascade")
    op.execute("drop schema if exists runner cascade")
    op.execute("""
        drop view batch_operation_logs, registration_job_steps, registration_jobs, registration_batch_jobs,
          extraction_results, pdf_files, batch_jobs, processing_batches, batch_report_files, batch_reports
    """)
    op.execute("""
        drop table hand_overs, lead_data, data_batch_types, plays, schedule_runs, schedules, templates, restaurants,
          reports, sheet_claims, extractions, sheets, result_links, result_guesses, batch_mails, webhook_deliveries,
          webhook_secrets, webhook_endpoints, workers, job_steps, job_outputs, jobs, events, batches, idempotency_keys,
          directory_names, files, pipelines, sessions, api_keys, users, signing_keys, organisations
    """)
    op.execute("drop function fill_outbox()")
    op.execute("drop function search_grams(uuid, text, text, text)")
