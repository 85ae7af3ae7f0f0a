"""Workloads for the tests: each shows one thing a workload can do."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.pipelines.contract import Params, Pipeline, Retry, Secret, Step, StepContext, Stop

no_op = Pipeline("no-op", title="Three steps that do nothing", accepts=("record", "file"))


@no_op.step()
async def first(ctx: StepContext) -> None: ...


@no_op.step()
async def second(ctx: StepContext) -> None: ...


@no_op.step()
async def third(ctx: StepContext) -> dict[str, Any]:
    return {"sequence": ctx.job.sequence}


class SlowParams(Params):
    """How long each step takes, and a file without which the first does not end."""

    seconds: float = 0.05
    gate: str = ""


slow = Pipeline("slow", title="Takes its time", params=SlowParams, accepts=("record",))


@slow.step()
async def wait_once(ctx: StepContext) -> None:
    await asyncio.sleep(ctx.params.seconds)
    while ctx.params.gate and not os.path.exists(ctx.params.gate):  # noqa: ASYNC240
        await asyncio.sleep(0.02)


@slow.step()
async def wait_again(ctx: StepContext) -> dict[str, Any]:
    await asyncio.sleep(ctx.params.seconds)
    return {"key": ctx.key}


checksum = Pipeline("checksum", title="Checksum every file")


@checksum.step(max_retries=3, timeout=30)
async def hash_file(ctx: StepContext) -> dict[str, Any]:
    digest = hashlib.sha256()
    async for chunk in ctx.input.chunks():
        digest.update(chunk)
    await ctx.save_file("checksum.txt", digest.hexdigest().encode())
    return {"sha256": digest.hexdigest()}


delayed = Pipeline("delayed", title="Is tried once more after a while", accepts=("record",))


@delayed.step()
async def take_time(ctx: StepContext) -> Retry | None:
    record = ctx.job.record or {}
    await asyncio.sleep(record.get("seconds", 0))
    return Retry(after=record["retry_after"]) if "retry_after" in record and ctx.job.attempt == 1 else None


poisonous = Pipeline("poisonous", title="Kills its process, if its record says so", accepts=("record",))


@poisonous.step()
async def maybe_kill(ctx: StepContext) -> None:
    record = ctx.job.record or {}
    await asyncio.sleep(record.get("seconds", 0))
    if record.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)


class BehaviourParams(Params):
    """What the step `behave` does, unless the job's record says otherwise."""

    do: str = "succeed"


behaviour = Pipeline("behaviour", title="Does what its record says", params=BehaviourParams, accepts=("record",))
seen: dict[str, int] = {}


@behaviour.step(max_retries=2, timeout=1)
async def behave(ctx: StepContext) -> Any:
    what = (ctx.job.record or {}).get("do", ctx.params.do)
    seen[ctx.key] = seen.get(ctx.key, 0) + 1
    match what:
        case "stop":
            return Stop("NOT_WANTED", "The record says so.")
        case "give up":
            return Stop("ALL_LOST", "Nothing of this batch can succeed.", batch=True)
        case "retry_once" if seen[ctx.key] == 1:
            return Retry(after=0.05, code="RATE_LIMIT", message="Not yet.")
        case "retry_always":
            return Retry(after=0.01, code="UPSTREAM_5XX", message="Never.")
        case "raise":
            raise ValueError("something is wrong")
        case "hang":
            await asyncio.sleep(60)
        case "cut_once" if seen[ctx.key] == 1:
            async with ctx.transaction() as session:
                await session.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        case "bad_output":
            return {"text": "a\x00b"}
        case "nan":
            return {"number": float("nan")}
        case "report":
            await ctx.report(0.5, "half way")
        case "child":
            await ctx.in_child(live)
        case "die_in_child":
            await ctx.in_child(die)
        case "be_killed":
            await ctx.in_child(be_killed)
    return {"did": what}


@behaviour.step(when=lambda ctx: (ctx.job.record or {}).get("optional", False))
async def optional(ctx: StepContext) -> dict[str, Any]:
    return {"ran": True}


@behaviour.step(depends_on=["optional"])
async def dependent(ctx: StepContext) -> dict[str, Any]:
    return {"after": ctx.outputs["optional"]}


class EchoParams(Params):
    """`how` it says what it was given."""

    token: Secret | None = None
    how: str = "output"


echo = Pipeline("echo", title="Says what it was given", params=EchoParams, accepts=("record",))


@echo.step(max_retries=0)
async def say(ctx: StepContext) -> Any:
    token = ctx.params.token.get_secret_value() if ctx.params.token else ""
    await ctx.report(0.5, f"with {token}")
    match ctx.params.how:
        case "stop":
            return Stop("REFUSED", f"The other side said: {token} is no good.")
        case "retry":
            return Retry(code="UPSTREAM_5XX", message=f"{token} was not taken.")
        case "raise":
            raise ValueError(f"https://x.example/?t={token}")
        case "child":
            await ctx.in_child(complain, token)
    return {"said": token, token: [f"before {token} after", {"deep": token}], "plain": "plain"}


def complain(token: str) -> None:
    raise ValueError(f"a child said {token}")


def live() -> int:
    return 1


def die() -> None:
    os._exit(7)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


cleanup = Pipeline("cleanup", title="Cleans up after itself", accepts=("record",))


@cleanup.step()
async def open_account(ctx: StepContext) -> dict[str, Any]:
    return {"account": ctx.job.sequence}


@cleanup.step(max_retries=0)
async def use_account(ctx: StepContext) -> Stop | None:
    return Stop("NOT_USABLE", "The account cannot be used.") if (ctx.job.record or {}).get("fail") else None


@cleanup.step()
async def celebrate(ctx: StepContext) -> None: ...


@cleanup.step(skip_if_failed=False)
async def close_account(ctx: StepContext) -> dict[str, Any]:
    return {"closed": ctx.outputs["open_account"]["account"]}


flaky = Pipeline("flaky", title="Fails with a code that passes by itself", accepts=("record",))


@flaky.step()
async def prepare(ctx: StepContext) -> dict[str, Any]:
    await ctx.save_file("prepared.txt", b"prepared")
    return {"prepared": ctx.job.sequence}


@flaky.step(max_retries=3)
async def call(ctx: StepContext) -> Any:
    if (ctx.job.record or {}).get("fail") and not ctx.batch.name.endswith("- Retry"):
        raise ConnectionError("nobody answers")
    return {"called": ctx.outputs["prepare"]["prepared"]}


@flaky.step(max_retries=0)
async def finish(ctx: StepContext) -> Any:
    if (ctx.job.record or {}).get("stop") and not ctx.batch.name.endswith("- Retry"):
        return Stop("NOT_READY", f"Not ready: {ctx.job.sequence}.")
    return {"finished": ctx.outputs}


class PlannedParams(Params):
    words: list[str]


planned = Pipeline("planned", title="Steps from its parameters", params=PlannedParams, accepts=("record", "file"))


@planned.plan
def say_words(params: PlannedParams) -> list[Step]:
    def step(word: str) -> Step:
        async def say(ctx: StepContext) -> dict[str, Any]:
            return {"said": [*ctx.outputs.get("said", []), word], "batch": dict(ctx.batch.settings)}

        return Step(word, say)

    return [step(word) for word in params.words]


@planned.on_batch_end
def count_jobs(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"jobs": len(jobs)}


choosy = Pipeline("choosy", title="Does the steps that its record wants", accepts=("record",))


def _choosy_step(name: str) -> None:
    """Recorded are the names of steps to `skip`, to `fail`, to `retry` once, whose `when` is `broken`; and a `gate`."""

    def wanted(ctx: StepContext) -> bool:
        record = ctx.job.record or {}
        if name in record.get("broken", ()):
            raise ValueError(f"nobody knows whether {name} applies")
        return name not in record.get("skip", ())

    async def run(ctx: StepContext) -> Any:
        record = ctx.job.record or {}
        seen[ctx.key] = seen.get(ctx.key, 0) + 1
        while name == record.get("wait") and not os.path.exists(record["gate"]):  # noqa: ASYNC240
            await asyncio.sleep(0.02)
        if name in record.get("fail", ()) and not ctx.batch.name.endswith("- Retry"):
            return Stop("NOT_WANTED", f"{name} was to fail.")
        if name in record.get("retry", ()) and seen[ctx.key] == 1:
            return Retry(after=0.01, code="RATE_LIMIT", message="Not yet.")
        return {"at": name}

    run.__name__ = name
    choosy.step(when=wanted, skip_if_failed=name not in ("d", "e"))(run)


for _name in "abcde":
    _choosy_step(_name)


@choosy.on_success
async def refuse(session: AsyncSession, ctx: StepContext) -> None:
    if (ctx.job.record or {}).get("refuse"):
        raise ValueError(f"{ctx.key.partition(':')[2]} was the last step")


class ReadingParams(Params):
    """The file without which the child goes on reading."""

    gate: str = ""


def read_until(gate: str) -> bool:
    while not os.path.exists(gate):
        time.sleep(0.02)
    return True


async def read_in_child(ctx: StepContext) -> None:
    async with ctx.scratch_folder() as folder:  # what a child can see
        opened = folder / "gate"

        async def open_it() -> None:
            while ctx.params.gate and not os.path.exists(ctx.params.gate):  # noqa: ASYNC240
                await asyncio.sleep(0.02)
            opened.touch()

        opening = asyncio.create_task(open_it())
        try:
            await ctx.in_child(read_until, str(opened))
        finally:
            opening.cancel()


long_reading = Pipeline("long-reading", title="May read for long", params=ReadingParams, accepts=("record",))
long_reading.step(timeout=600)(read_in_child)
SHORT: float = 1.5
short_reading = Pipeline("short-reading", title="Must read fast", params=ReadingParams, accepts=("record",))
short_reading.step(timeout=SHORT, max_retries=0)(read_in_child)
