"""How many steps a second others take with jobs of three steps: BullMQ and Celery over Redis, DBOS over PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench import peers

STEPS, AT_ONCE = 3, 256
HERE = Path(__file__).resolve().parent
BULLMQ, CELERY, DBOS = "BullMQ + Redis AOF", "Celery + Redis AOF", "DBOS"


@contextmanager
def redis() -> Iterator[Path]:
    """The socket of a Redis of our own that keeps its log on the disk, synced each second, as it does by default."""
    with tempfile.TemporaryDirectory(prefix="tranche-bench-redis-", dir="/tmp") as name:
        socket = Path(name) / "redis.sock"
        options = ("--port", "0", "--unixsocket", str(socket), "--appendonly", "yes", "--save", "", "--dir", name)
        program = peers.program("redis-server")
        assert program
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            while not socket.exists():
                if server.poll() is not None:
                    raise RuntimeError("redis-server did not start")
                time.sleep(0.02)
            yield socket
        finally:
            server.terminate()
            server.wait(30)


def seconds(*command: str | Path, **environment: str) -> float:
    """What a program printed as its last line."""
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=500)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def bullmq(jobs: int) -> float:
    """Steps a second."""
    with redis() as socket:
        took = seconds("node", HERE / "bullmq.mjs", peers.folder(), socket, str(jobs), str(AT_ONCE))
    return jobs * STEPS / took


def celery(jobs: int) -> float:
    with redis() as socket:
        found = peers.python("celery", "redis")
        assert found
        took = seconds(found, HERE / "celery_steps.py", str(jobs), BENCH_REDIS=str(socket))
    return jobs * STEPS / took


def dbos(jobs: int, dsn: str) -> float:
    """In a database of its own of the server at `dsn`."""
    at = urlsplit(dsn)
    host = parse_qs(at.query)["host"][0]
    found = peers.python("dbos")
    assert found
    took = seconds(
        found, HERE / "dbos_steps.py", f"postgresql+psycopg://postgres@/dbos?host={host}&port=5432", str(jobs)
    )
    return jobs * STEPS / took


def queues(jobs: int, dsn: str) -> tuple[Mapping[str, Callable[[], float]], list[str]]:
    """Those that are installed, with what measures each, and the names of the others.

    Celery and DBOS get fewer jobs: their rate does not depend on how many there are, and they would take minutes.
    """
    with_redis = peers.program("redis-server") is not None
    there: dict[str, Callable[[], float] | None] = {
        BULLMQ: (lambda: bullmq(jobs)) if with_redis and peers.node("bullmq") else None,
        CELERY: (lambda: celery(min(jobs, 500))) if with_redis and peers.python("celery", "redis") else None,
        DBOS: (lambda: dbos(min(jobs, 100), dsn)) if peers.python("dbos") else None,
    }
    return {name: measure for name, measure in there.items() if measure}, [n for n, m in there.items() if not m]
