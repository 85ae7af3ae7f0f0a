"""A profile of the service under one load, and of the statements it sent meanwhile.

    script/profile [NAME] [--seconds 15] [--out FOLDER]

NAME is one of
  jobs     batches of 1,000 records with three steps that do nothing, followed by a stream each
  posts    drafts of one record, one after the other
  reads    one batch, the list of batches and the events of a batch, in turns
  uploads  200 files of 10 KB in one request
  zip      the ZIP of these files
  streams  500 streams of one batch that gets 20 events a second

In the folder are then
  service.txt     where the service's time went, by py-spy, where that is installed (`script/bench-peers` does it; it
                  needs root), or else by cProfile: functions that were busy by themselves, then with what they call
  service.svg     the same as a flame graph, from py-spy; else service.pstats, for `python -m pstats` and such
  statements.txt  PostgreSQL's statements by the time they took, and its functions (settle, claim)

What to look at. First the line `processor`: if the service and the database together use less than the machine has,
then they wait, for each other or for the disk, and making code quicker changes little. Then, in service.txt, the
functions that are busy by themselves: what is ours there is worth a look. Then who calls them. In statements.txt a
statement with many calls for each thing done is one to gather, one whose mean grows with the size of the tables is one
to EXPLAIN. py-spy looks from outside and costs nearly nothing; cProfile makes calls of small functions look dearer than
they are, so believe its order and not its milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import pstats
import re
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from app.batches.log import NewEvent, record
from app.kit.db import Database
from app.kit.postgres.server import EmbeddedPostgres
from bench import peers
from bench.files import HEADERS, form, small_files
from bench.images import used
from bench.orchestration import NO_OP, through_the_service
from bench.service import RunningService, service
from bench.stream_clients import Seen, Watcher, connect_all

UNLIMITED = {
    "TRANCHE_RATE_KEY_PER_MINUTE": "0",
    "TRANCHE_RATE_ORGANISATION_PER_MINUTE": "0",
    "TRANCHE_STREAMS_PER_KEY": "10000",
    "TRANCHE_STREAMS_PER_PROCESS": "10000",
    "TRANCHE_CONNECTIONS_PER_ADDRESS": "10000",
}
LOGGED = re.compile(r"duration: ([\d.]+) ms  (?:execute [^:]+|statement|parse [^:]+|bind [^:]+): (.*)")
SHOWN = 25
WIDTH = 150
DRAFT = {"pipeline": "no-op", "items": [{"record": {"n": 1}}], "start": False}


def jobs(running: RunningService) -> Callable[[], object]:
    return lambda: through_the_service(running, 1000)


def posts(running: RunningService) -> Callable[[], object]:
    client = running.client()
    return lambda: client.post("/api/batches", json=DRAFT).raise_for_status()


def reads(running: RunningService) -> Callable[[], object]:
    client = running.client()
    made = [client.post("/api/batches", json=DRAFT).raise_for_status().json() for _ in range(30)]
    links = made[0]["links"]
    paths = (links["self"], "/api/batches?limit=20", links["events"])
    return lambda: [client.get(path).raise_for_status() for path in paths]


def uploads(running: RunningService) -> Callable[[], object]:
    client, number = running.client(), iter(range(10**9))

    def upload() -> str:
        files = islice(small_files(10**9, 10_000), next(number) * 200, None)
        body = b"".join(form({"pipeline": "originals", "start": "false"}, islice(files, 200)))
        created = client.post("/api/jobs/batch", content=body, headers=HEADERS).raise_for_status()
        return str(created.json()["batch_id"])

    return upload


def archives(running: RunningService) -> Callable[[], object]:
    client = running.client()
    body = b"".join(form({"pipeline": "originals"}, islice(small_files(200, 10_000), 200)))
    made = client.post("/api/jobs/batch", content=body, headers=HEADERS).raise_for_status().json()
    with client.stream("GET", made["links"]["events"], headers={"Accept": "text/event-stream"}) as stream:
        for _ in stream.iter_lines():
            pass
    return lambda: client.get(f"/api/batches/{made['batch_id']}/download").raise_for_status()


def streams(running: RunningService) -> Callable[[], object]:
    with running.client() as client:
        batch_id = client.post("/api/batches", json=DRAFT).raise_for_status().json()["batch_id"]

    async def follow() -> None:
        at = urlsplit(running.url)
        address, seen = (at.hostname or "", at.port or 0), Seen()
        watchers = [Watcher(address, running.key, batch_id, seen) for _ in range(500)]
        database = Database(EmbeddedPostgres(running.home).dsn, pool_size=1)
        await connect_all(watchers)
        for _ in range(100):
            async with database.transaction() as session:
                await record(session, UUID(batch_id), [NewEvent("job.progressed", data={"progress": 0.5})])
            await asyncio.sleep(0.05)
        await database.stop()
        for watcher in watchers:
            watcher.stop()

    return lambda: asyncio.run(follow())


LOADS = {"jobs": jobs, "posts": posts, "reads": reads, "uploads": uploads, "zip": archives, "streams": streams}


def py_spy() -> str | None:
    own = peers.folder() / "python" / "bin" / "py-spy"
    return str(own) if own.exists() else shutil.which("py-spy")


async def log_statements(dsn: str) -> None:
    """Have the server time every statement and every function from now on."""
    connection = await asyncpg.connect(dsn)
    for name, value in (("log_min_duration_statement", "0"), ("track_functions", "all")):
        await connection.execute(f"alter system set {name} = '{value}'")
    await connection.execute("select pg_reload_conf()")
    await connection.close()


async def functions(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        query = """select funcname, calls, total_time from pg_stat_user_functions where calls > 0
            order by total_time desc limit 10"""
        return [
            f"{row['total_time']:>10.0f} ms {row['calls']:>8} calls {row['total_time'] / row['calls']:>9.3f} ms  "
            f"function {row['funcname']}"
            for row in await connection.fetch(query)
        ]
    finally:
        await connection.close()


def statements(log: str) -> list[str]:
    """One line for each statement, by the time that all its calls took together.

    What is prepared is told three times, by its parsing, its binding and its execution: the times add up.
    """
    times: dict[str, list[float]] = defaultdict(list)
    for entry in re.split(r"\n(?=\d{4}-\d\d-\d\d )", log):
        if found := LOGGED.search(" ".join(entry.split("\n")).replace("\t", " ")):
            times[" ".join(re.sub(r"'[^']*'|\b\d+\b", "?", found[2]).split())].append(float(found[1]))
    most = sorted(times.items(), key=lambda item: -sum(item[1]))[:SHOWN]
    return [
        f"{sum(took):>10.0f} ms {len(took):>8} lines {sum(took) / len(took):>9.3f} ms  {query[:WIDTH]}"
        for query, took in most
    ]


def busiest(samples: str) -> str:
    """The functions of py-spy's collapsed stacks: by themselves, and with what they call, in percent of all samples."""
    alone: dict[str, int] = defaultdict(int)
    whole: dict[str, int] = defaultdict(int)
    total = 0
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        frames, number = stack.split(";"), int(count)
        total += number
        alone[frames[-1]] += number
        for frame in {*frames}:
            whole[frame] += number
    parts = []
    for head, counts in (("busy by themselves", alone), ("with what they call", whole)):
        parts.append(head)
        most = sorted(counts.items(), key=lambda item: -item[1])[: SHOWN * 2]
        parts += [f"{100 * number / max(total, 1):>6.1f} %  {frame}" for frame, number in most]
    return "\n".join(parts) + "\n"


def repeat(work: Callable[[], object], seconds: float) -> int:
    """The load for so long; how often it was done."""
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        work()
        done += 1
    return done


def look(name: str, seconds: float, out: Path, spy: str | None) -> None:
    """Start a service, put the load on it, and write what py-spy (or cProfile) saw into the folder."""
    out.mkdir(parents=True, exist_ok=True)
    raw = out / "service.pstats"
    under = () if spy else ("-m", "cProfile", "-o", str(raw))
    with service({"no_op.py": NO_OP}, None, under, **UNLIMITED) as running:
        postgres = EmbeddedPostgres(running.home)
        work = LOADS[name](running)
        work()
        asyncio.run(log_statements(postgres.dsn))
        log, watching = postgres.data / "server.log", list[subprocess.Popen[bytes]]()
        began = log.stat().st_size
        if spy:
            for kind, file in (("flamegraph", "service.svg"), ("raw", "service.raw")):
                command = [spy, "record", "-p", str(running.pid), "-d", f"{seconds:.0f}", "-r", "200", "-g", "-f", kind]
                watching.append(subprocess.Popen([*command, "-o", str(out / file)], stdout=subprocess.DEVNULL))
        before, at = used(running)[0], time.monotonic()
        done = repeat(work, seconds)
        busy, took = used(running)[0] - before, time.monotonic() - at
        for watcher in watching:
            watcher.wait(60)
        text = log.read_bytes()[began:].decode(errors="replace")
        lines = [*asyncio.run(functions(postgres.dsn)), *statements(text)]
    (out / "statements.txt").write_text("\n".join(lines) + "\n")
    if spy and (out / "service.raw").exists():
        (out / "service.txt").write_text(busiest((out / "service.raw").read_text()))
    elif not spy:
        text_of = io.StringIO()
        found = pstats.Stats(str(raw), stream=text_of)
        found.sort_stats("tottime").print_stats(SHOWN * 2)
        found.sort_stats("cumulative").print_stats(SHOWN * 2)
        (out / "service.txt").write_text(text_of.getvalue())
    print(
        f"{name}: done {done} times in {took:.1f} s; processor: {busy / took:.2f} of one, service and database together"
    )
    print(f"{out}/service.txt, by {'py-spy' if spy else 'cProfile'}:")
    with suppress(OSError):
        print("\n".join((out / "service.txt").read_text().splitlines()[:SHOWN]))
    print(f"{out}/statements.txt:\n" + "\n".join(lines[:SHOWN]))
    print("What to look at: script/profile --help")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="jobs", choices=LOADS)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--out", type=Path, help="a folder; else a new one below /tmp")
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="tranche-profile-", dir="/tmp"))
    look(options.name, options.seconds, out, py_spy())


if __name__ == "__main__":
    main()
