"""Jobs of three steps in Celery, from the sending to the last result: SOCKET JOBS; prints the seconds.

Each job is a chain of three tasks, acknowledged late, over Redis; the worker has a process for each processor.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from celery import Celery, chain, group  # type: ignore[import-not-found, unused-ignore]

SOCKET = os.environ["BENCH_REDIS"]
app = Celery("celery_steps", broker=f"redis+socket://{SOCKET}", backend=f"redis+socket://{SOCKET}")
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=64, broker_connection_retry_on_startup=True)


@app.task  # type: ignore[untyped-decorator, unused-ignore]
def step(number: int) -> int:
    return number


def run(jobs: int) -> float:
    began = time.perf_counter()
    group(chain(step.s(n), step.s(), step.s()) for n in range(jobs)).apply_async().get(timeout=300)
    return time.perf_counter() - began


def main() -> None:
    command = [sys.executable, "-m", "celery", "-A", "celery_steps", "worker", "--loglevel", "ERROR", "-c"]
    folder = os.path.dirname(os.path.abspath(__file__))
    worker = subprocess.Popen([*command, str(os.cpu_count())], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        run(20)
        print(run(int(sys.argv[1])))
    finally:
        worker.terminate()
        worker.wait(30)


if __name__ == "__main__":
    main()
