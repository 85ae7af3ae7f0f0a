"""What bench.requests measures the service beside: a bare FastAPI application that sends the same queries by asyncpg.

    DATABASE_URL=postgresql://... python -m bench.bare_api PORT

A key is looked up by its SHA-256 at each request; no pool resets, no middleware, no models of answers. What it leaves
out is what the service does besides: rates, permissions, problems, traces, figures, headers.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from uuid_utils.compat import uuid7

KEY = """select k.id, k.scopes, u.id as user_id, u.organisation_id, u.role
from api_keys k join users u on u.id = k.user_id
where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())"""
BATCHES = """select b.*, p.key, p.title, u.name as creator from batches b join pipelines p on p.id = b.pipeline_id
left join users u on u.id = b.created_by where b.organisation_id = $1 """
BATCH = f"{BATCHES} and b.id = $2"
LIST = f"{BATCHES} and b.archived_at is null order by b.created_at desc, b.id desc limit $2"
JOBS = "select * from jobs where batch_id = $1 order by sequence limit 501"
STEPS = "select * from job_steps where job_id = any($1) order by job_id, position"
EVENTS = "select * from event_log where batch_id = $1 and id > $2 order by id limit $3"
ADD_BATCH = """insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, status, settings,
  metadata, total_files, total_jobs, pending_jobs, last_event_id, execution_mode, max_parallel)
select $1, $2, id, $4, $4, 'draft', '{}', '{}', 1, 1, 1, 1, 'parallel', 4 from pipelines where key = $3"""
ADD_JOB = """insert into jobs (id, batch_id, pipeline_id, sequence, source_type, filename, record)
select $1, $2, id, 1, 'record', $4, $5::jsonb from pipelines where key = $3"""
ADD_STEP = "insert into job_steps (job_id, position, name) values ($1, 0, 'work')"
ADD_EVENT = """insert into event_log (batch_id, id, type, data, counters, created_at)
values ($1, 1, 'batch.created', '{}', '{1,0,0,0,0}', now())"""


async def _keep(connection: object) -> None:
    """No reset between uses."""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=0, max_size=10, reset=_keep)
    yield
    app.state.pool.terminate()


app = FastAPI(lifespan=_lifespan)


async def _organisation(connection: Any, request: Request) -> UUID:
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    found = await connection.fetchrow(KEY, hashlib.sha256(key.encode()).digest())
    if found is None:
        raise HTTPException(401)
    organisation_id: UUID = found["organisation_id"]
    return organisation_id


def _answer(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value, default=str), status, media_type="application/json")


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/api/batches")
async def list_batches(request: Request, limit: int = 50) -> Response:
    async with request.app.state.pool.acquire() as connection:
        organisation_id = await _organisation(connection, request)
        rows = await connection.fetch(LIST, organisation_id, limit + 1)
    return _answer({"batches": [dict(row) for row in rows[:limit]]})


@app.get("/api/batches/{batch_id}")
async def get_batch(batch_id: UUID, request: Request) -> Response:
    async with request.app.state.pool.acquire() as connection:
        row = await connection.fetchrow(BATCH, await _organisation(connection, request), batch_id)
        jobs = await connection.fetch(JOBS, batch_id)
        steps = await connection.fetch(STEPS, [job["id"] for job in jobs])
    told = [{**job, "steps": [dict(step) for step in steps if step["job_id"] == job["id"]]} for job in jobs]
    return _answer({"batch": {**row, "jobs": told}})


@app.get("/api/batches/{batch_id}/events")
async def read_events(batch_id: UUID, request: Request, limit: int = 200) -> Response:
    async with request.app.state.pool.acquire() as connection:
        await _organisation(connection, request)
        events = await connection.fetch(EVENTS, batch_id, 0, limit)
    return _answer({"events": [dict(event) for event in events]})


@app.post("/api/batches", status_code=201)
async def create_batch(body: dict[str, Any], request: Request) -> Response:
    batch_id, job_id, name = uuid7(), uuid7(), "bench"
    async with request.app.state.pool.acquire() as connection:
        organisation_id = await _organisation(connection, request)
        async with connection.transaction():
            await connection.execute(ADD_BATCH, batch_id, organisation_id, body["pipeline"], name)
            record = json.dumps(body["items"][0]["record"])
            await connection.execute(ADD_JOB, job_id, batch_id, body["pipeline"], name, record)
            await connection.execute(ADD_STEP, job_id)
            await connection.execute(ADD_EVENT, batch_id)
    return _answer({"batch_id": batch_id, "jobs_count": 1}, 201)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning", access_log=False)
