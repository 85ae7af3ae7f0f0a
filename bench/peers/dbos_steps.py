"""Jobs of three steps in DBOS, from the first start to the last result: DATABASE_URL JOBS; prints the seconds.

Each job is a workflow with three steps, as its documentation writes them, in the threads that it starts by itself.
"""

from __future__ import annotations

import sys
import time

from dbos import DBOS  # type: ignore[import-not-found, unused-ignore]

DBOS(config={"name": "bench", "system_database_url": sys.argv[1], "run_admin_server": False, "log_level": "ERROR"})


@DBOS.step()  # type: ignore[untyped-decorator, unused-ignore]
def step(number: int) -> int:
    return number


@DBOS.workflow()  # type: ignore[untyped-decorator, unused-ignore]
def three_steps(number: int) -> int:
    for _ in range(3):
        step(number)
    return number


def run(jobs: int) -> float:
    began = time.perf_counter()
    for handle in [DBOS.start_workflow(three_steps, number) for number in range(jobs)]:
        handle.get_result()
    return time.perf_counter() - began


if __name__ == "__main__":
    DBOS.launch()
    run(5)
    print(run(int(sys.argv[2])))
    DBOS.destroy()
