"""What the state machine works on: the real commands and functions on a database, and what must hold of its rows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import acting_for
from app.auth.service import ensure_first_admin
from app.batches import act_service
from app.batches.act_schemas import JobActed
from app.batches.desk import Desk
from app.batches.schemas import BatchOptions
from app.batches.states import BATCH_TERMINAL, COUNTERS, JOB_TERMINAL, STEP_TERMINAL, sql_list
from app.batches.submission import NewJob, submit
from app.connections.service import Connections
from app.connections.settings import SharingSettings
from app.kit.db import Database
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.signing import SigningKey
from app.pipelines.contract import Pipeline, StepContext
from app.pipelines.registry import Registry
from app.runner.claims import ClaimRequest, claim_jobs
from app.runner.committer import write_group
from app.runner.summary import close_batch
from app.runner.transitions import Settled, Transition
from tests.workloads.basic import checksum, no_op, slow

T = TypeVar("T")
careful = Pipeline("careful", title="Cleans up after a failure, and sums up", accepts=("record",))


@careful.step()
async def read(ctx: StepContext) -> None: ...


@careful.step()
async def change(ctx: StepContext) -> None: ...


@careful.step(skip_if_failed=False)
async def clean(ctx: StepContext) -> None: ...


@careful.on_batch_end
def count(jobs: Sequence[Any]) -> dict[str, Any]:
    return {"jobs": len(jobs)}


PIPELINES: Final = {pipeline.key: pipeline for pipeline in (no_op, slow, checksum, careful)}
_OTHERS: Final = [name for name in COUNTERS if name not in ("total", "cached")]


class SilentNotifier:
    """Notifies nobody: the machine itself is the runner."""

    async def notify(self, session: AsyncSession, batch_id: UUID, jobs: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Held:
    """A worker's right to write about a job, and the failure that the job carries to its cleanup steps."""

    batch_id: UUID
    job_id: UUID
    attempt: int
    position: int
    dispatch: int
    failure: str | None


class World:
    """One database, and a loop of its own to work on it from plain functions."""

    def __init__(self, url: str) -> None:
        # With a factory the runner leaves pytest's own loop where it is.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.database = Database(url, pool_size=1)
        self.registry = Registry(PIPELINES.values())
        self.notifier = SilentNotifier()
        signing = SigningKey(Path(), SecretStr("a secret of the state machine"))
        self.run(signing.start())
        sealer = Sealer(signing)
        connections = Connections(self.database, sealer, SharingSettings(_env_file=None), ())
        self.desk = Desk(self.registry, self.notifier, sealer, connections)
        self.run(self._open())

    async def _open(self) -> None:
        setup = await self.database.connect()
        name = await setup.fetchval("select quote_ident(current_database())")
        await setup.execute(f"alter database {name} set synchronous_commit to off")  # no server dies here
        await setup.close()
        self.connection = await self.database.connect()
        async with self.database.transaction() as session:
            await self.registry.save(session)
            admin, _, _ = await ensure_first_admin(session, None)
            self.caller = acting_for(admin, admin.name)

    def close(self) -> None:
        """Leave the database."""
        self.run(self.connection.close())
        self.run(self.database.stop())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def reset(self) -> None:
        """No batches."""
        self.run(self.connection.execute("truncate batches, jobs, job_steps, event_log cascade"))

    def fetch(self, query: str, *arguments: Any) -> list[Any]:
        return self.run(self.connection.fetch(query, *arguments))

    def transact(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run a command in a transaction of its own."""

        async def inside() -> T:
            async with self.database.transaction() as session:
                return await work(session)

        return self.run(inside())

    def submit(self, jobs: int, **options: Any) -> UUID:
        """A batch of so many jobs; the options are those of the API."""
        key = options["pipeline"]
        new = [
            NewJob("file", f"{n}.txt") if key == "checksum" else NewJob("record", f"{n}", record={"n": n})
            for n in range(jobs)
        ]
        wanted = BatchOptions.model_validate(options)
        return self.transact(
            lambda session: submit(session, self.caller, self.desk, wanted, new, max_jobs=100)
        ).batch_id

    def act(self, job_id: UUID, action: str) -> JobActed:
        """Act on one job."""
        if action == "retry":
            return self.transact(lambda session: act_service.retry_job(session, self.caller, self.desk, job_id, None))
        wanted: Any = action
        return self.transact(lambda session: act_service.act_on_job(session, self.caller, self.desk, job_id, wanted))

    def claim(self, batch_ids: Sequence[UUID], wanted: int, dispatch: int) -> list[Held]:
        """Claim up to `wanted` jobs of each batch."""
        requests = [ClaimRequest(batch_id, wanted, dispatch) for batch_id in batch_ids]
        jobs = self.run(claim_jobs(self.connection, requests)).jobs
        jobs += self.run(claim_jobs(self.connection, requests, suspects=True)).jobs
        # The same order each time, which the function does not promise: an example must be repeatable.
        jobs.sort(key=lambda job: (job.batch_id, job.sequence))
        carried = self.fetch(
            "select s.job_id, max(s.error_code) from job_steps s join jobs j on j.id = s.job_id"
            " where s.job_id = any($1::uuid[]) and s.status = 'failed' and s.position < j.step_position group by 1",
            [job.job_id for job in jobs],
        )
        failures = dict(tuple(row) for row in carried)
        return [
            Held(job.batch_id, job.job_id, job.attempt, job.step_position, dispatch, failures.get(job.job_id))
            for job in jobs
        ]

    def write(self, group: Sequence[Transition]) -> list[Settled | None]:
        return self.run(write_group(self.connection, group))

    def close_batch(self, batch_id: UUID) -> None:
        """What the runner does for a quiet batch that is to be summed up."""
        self.run(close_batch(self.database, self.registry, batch_id))

    def batches(self) -> dict[UUID, Any]:
        return {row["id"]: row for row in self.fetch("select * from batches order by id")}

    def ended(self) -> dict[UUID, str]:
        """A digest of each ended batch, and of each ended job with its steps."""
        return dict(tuple(row) for row in self.fetch(_ENDED))

    def broken(self) -> list[tuple[str, UUID]]:
        """The rules that do not hold, each with the batch or job where it does not."""
        return [tuple(row) for row in self.fetch(_BROKEN)]


@dataclass(slots=True)
class Ledger:
    """What is known of a batch without its rows: the base that its policy counts from, and whether it was given up."""

    pipeline: str
    action: str
    threshold: float
    jobs_at_base: int
    failures_at_base: int = 0
    first_n: int | None = None
    given_up: bool = False

    def judge(self, before: Any, after: Any, transitions: Sequence[Transition]) -> str:
        """The status that a batch with work left must have after these transitions; notes whether it is given up."""
        status: str = before["status"]
        quiet = not after["pending_jobs"] + after["running_jobs"]
        ended = after["total_jobs"] - after["pending_jobs"] - after["running_jobs"]
        failed = after["failed_jobs"] - self.failures_at_base > self.threshold * self.jobs_at_base
        if status in ("processing", "paused") and any(transition.batch_given_up for transition in transitions):
            self.given_up = True
            return "cancelling"
        if status != "processing" or quiet or before["running_jobs"] == after["running_jobs"]:
            return status
        if self.action != "continue" and failed and after["failed_jobs"] > before["failed_jobs"]:
            self.given_up = self.action == "fail"
            return "cancelling" if self.given_up else "paused"
        return "paused" if self.first_n and ended >= self.first_n else status

    def ending(self, batch: Any) -> str:
        """How a batch with these counters must end."""
        if self.given_up:
            return "failed"
        if batch["cancelled_at"] and batch["cancelled_jobs"]:
            return "cancelled"
        if not batch["failed_jobs"] and not batch["cancelled_jobs"]:
            return "completed"
        if not batch["failed_jobs"] and not batch["completed_jobs"]:
            return "cancelled"
        return "partial" if batch["completed_jobs"] else "failed"


def step_ended(held: Held, pipeline: Pipeline, how: str, *, code: str, given_up: bool, cached: bool) -> Transition:
    """The transition for a step that is `completed`, `failed` or `skipped`, by the rules of a workload."""
    place = (held.batch_id, held.job_id, held.attempt, held.position)
    failure = held.failure or (code if how == "failed" else None)
    steps = pipeline.steps
    output = f'{{"at": {held.position}, "attempt": {held.attempt}}}' if how == "completed" else None
    left = range(held.position + 1, len(steps))
    following = next((n for n in left if not failure or not steps[n].skip_if_failed), None)
    common: dict[str, Any] = {"output": output, "cached": cached}
    if failure:
        common |= {"error_code": failure, "error_message": "It did not work."}
    if failure and (following is None or given_up):
        return Transition(*place, "failed", how, batch_given_up=given_up, **common)
    if following is None:
        return Transition(*place, "completed", how, len(steps), result=output, **common)
    return Transition(*place, "next", how, following, steps[following].name, **common)


_ENDED: Final = f"""
select b.id, md5(b::text) from batches b where b.status in ({sql_list(BATCH_TERMINAL)})
union all
select j.id, md5(j::text || (
  select string_agg(s::text, ',' order by s.position) from job_steps s where s.job_id = j.id))
from jobs j where j.status in ({sql_list(JOB_TERMINAL)})
"""
_COUNTED: Final = ", ".join(f"count(*) filter (where j.status = '{name}')::int" for name in _OTHERS)
_BATCH_ENDS: Final = sql_list(f"batch.{status}" for status in BATCH_TERMINAL)
_BROKEN: Final = f"""
with b as materialized (
  select b.*, b.status in ({sql_list(BATCH_TERMINAL)}) as over,
    array[{", ".join(f"b.{name}_jobs" for name in COUNTERS)}] as counters
  from batches b
), j as materialized (select j.*, j.status in ({sql_list(JOB_TERMINAL)}) as over from jobs j
), s as materialized (select s.*, s.status in ({sql_list(STEP_TERMINAL)}) as over from job_steps s
), e as materialized (select * from events
), of_batch as (
  select batch_id, count(*) as events, min(id) as first, max(id) as last,
    count(*) filter (where type in ({_BATCH_ENDS})) as ends, max(id) filter (where type in ({_BATCH_ENDS})) as end_id,
    min(id) filter (where type = 'batch.cancelling') as cancelled,
    max(id) filter (where type = 'job.started') as started
  from e group by 1
), of_job as (
  -- A job that a person retried is open again from then on; one that had failed may be skipped.
  select job_id, count(*) filter (where is_end) as ends, max(type) filter (where is_end) as type from (
    select job_id, type, type <> 'job.retried' and id > coalesce(max(id) filter (
      where type = 'job.retried' or type = 'job.failed' and followed_by = 'job.skipped') over (partition by job_id), 0
    ) as is_end from (
      select job_id, id, type, lead(type) over (partition by job_id order by id) as followed_by from e
      where type in ('job.retried', {sql_list(f"job.{status}" for status in JOB_TERMINAL)})
    ) marked
  ) found group by 1
)
select 'counters equal rows', b.id from b where b.counters is distinct from (
  select count(*)::int || array[{_COUNTED}] || count(*) filter (where j.status = 'completed' and j.cached)::int
  from j where j.batch_id = b.id)
union all
select 'ids run from 1 without a hole', b.id from b left join of_batch o on o.batch_id = b.id
where (o.events, o.first, o.last) is distinct from (b.last_event_id, 1::bigint, b.last_event_id)
union all
select 'the last event has the counters', b.id from b join e on e.batch_id = b.id and e.id = b.last_event_id
where e.counters <> b.counters
union all
select 'one terminal event, the last, of an ended batch', b.id from b left join of_batch o on o.batch_id = b.id
where o.ends <> b.over::int or b.over and o.end_id <> b.last_event_id
union all
select 'the terminal event says how it ended', b.id from b join e on e.batch_id = b.id and e.id = b.last_event_id
where b.over and e.type <> 'batch.' || b.status
union all
select 'one terminal event of an ended job', j.id from j left join of_job o on o.job_id = j.id
where coalesce(o.ends, 0) <> j.over::int or j.over and o.type <> 'job.' || j.status
union all
select 'no more running than allowed', b.id from b
where b.running_jobs > case when b.execution_mode = 'sequential' then 1 else b.max_parallel end
union all
select 'nothing starts after a cancel', o.batch_id from of_batch o where o.started > o.cancelled
union all
select 'no start beyond the trial', b.id from b join j on j.batch_id = b.id
where j.sequence > b.first_n and j.attempt > 0
union all
select 'steps of ended jobs are over', j.id from j join s on s.job_id = j.id where j.over and not s.over
union all
select 'steps follow the cursor', j.id from j join s on s.job_id = j.id
where not j.over and s.status is distinct from case when s.position = j.step_position then j.status
  when s.position > j.step_position then 'pending' when s.over then s.status end
union all
select 'a step is completed once', e.job_id from e where e.type = 'step.completed'
  and e.job_id not in (select job_id from e where type = 'job.retried')
group by e.job_id, e.step having count(*) > 1
union all
select 'a quiet batch is over', b.id from b
where not b.over and not b.needs_summary and b.pending_jobs + b.running_jobs = 0
"""
WRONG_COPIES: Final = """
select c.id from jobs c join jobs o on o.id = c.retry_of_job_id join job_steps s on s.job_id = c.id
  join job_steps p on p.job_id = o.id and p.position = s.position
where c.batch_id = $1 and (
  c.step_position <> (select min(position) from job_steps f where f.job_id = o.id and f.status = 'failed')
  or case when s.position < c.step_position
    then (s.status, s.output, s.inherited_from) is distinct from (p.status, p.output, o.id)
    else (s.status, s.output, s.inherited_from) is distinct from ('pending'::text, null::jsonb, null::uuid) end)
"""
