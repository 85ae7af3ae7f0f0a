"""Batches of ten thousand jobs, in the state that a test needs, written as the runner would have left them."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import text

from tests.conftest import Api

JOBS = 10_000
TEXT = "\U0001d11e" * 200
RESULT = json.dumps({"note": TEXT, "rows": [{"n": n, "name": "Zürich"} for n in range(20)]})
_ENDED = (
    """update jobs set status = case when sequence % 2 = 0 then 'completed' else 'failed' end, stage = 'done',
      result = cast(:result as jsonb), error_code = case when sequence % 2 = 1 then 'CODE_' || sequence end,
      error_message = case when sequence % 2 = 1 then 'Row ' || sequence || ' of ' || cast(:words as text) end,
      started_at = now(), completed_at = now(), step_position = 0, attempt = 1 where batch_id = :id""",
    """update job_steps s set status = j.status, output = cast(:result as jsonb), started_at = now(),
      error_code = j.error_code, error_message = j.error_message, completed_at = now()
      from jobs j where s.job_id = j.id and j.batch_id = :id""",
    "insert into job_outputs (job_id, name, file_id) select id, 'out.txt', :file_id from jobs where batch_id = :id",
    """insert into events (batch_id, id, type, job_id, step, data, counters)
      select :id, 1 + row_number() over (), 'step.completed', j.id, 'first',
        jsonb_build_object('sequence', j.sequence, 'status', j.status, 'message', cast(:words as text)),
        array[10000,0,0,5000,5000,0,0,0]
      from jobs j, generate_series(1, 3) where j.batch_id = :id""",
    """insert into events (batch_id, id, type, data, counters) values (:id, 2 + 3 * 10000, 'batch.partial',
      '{"status": "partial"}', array[10000,0,0,5000,5000,0,0,0])""",
    """update batches set status = 'partial', pending_jobs = 0, completed_jobs = total_jobs / 2,
      failed_jobs = total_jobs / 2, started_at = now(), completed_at = now(), last_event_id = 2 + 3 * total_jobs
      where id = :id""",
)


async def draft(api: Api, name: str) -> str:
    """A draft of ten thousand records."""
    items = [{"record": {"n": n, "text": TEXT}, "name": f"row {n}"} for n in range(JOBS)]
    answer = await api.post("/api/batches", json={"pipeline": "no-op", "start": False, "items": items, "name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["batch_id"])


async def ended(api: Api, name: str, file_id: str) -> str:
    """One whose jobs have ended, every second of them failed in its own words, each with a file and a result."""
    batch_id = await draft(api, name)
    await end(api, batch_id, file_id)
    return batch_id


async def end(api: Api, batch_id: str, file_id: str) -> None:
    """End the jobs of a draft."""
    values = {"id": UUID(batch_id), "file_id": UUID(file_id), "result": RESULT, "words": TEXT}
    for statement in _ENDED:
        async with api.installation.database.transaction() as session:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            await session.execute(text(statement), used)
