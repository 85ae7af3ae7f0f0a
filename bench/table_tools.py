"""The facts of a report on a CSV file as DuckDB, polars and pandas tell them, each in a process of its own.

What is asked of each: types (of polars by the first 10,000 rows), nulls, least and greatest values, means, deviations,
quantiles, exact distinct values, the ten most frequent values, histograms of 20 bins, rows that stand there twice.
Encodings, broken rows, words for missing values and doubts about types are told by the service alone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import peers

NUMBERS = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP")
PATIENCE = 60.0
"""Seconds for one tool: DuckDB plans a query about 2,000 columns for many minutes."""


def pss() -> int:
    """Bytes of this process."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def duckdb_summary(path: str) -> int:
    """SUMMARIZE alone, as it is typed by hand."""
    import duckdb

    return len(duckdb.sql(f"summarize from read_csv('{path}', sample_size=-1)").fetchall())


def duckdb_profile(path: str) -> int:
    """SUMMARIZE, and what it leaves out: exact distinct values, frequent values, histograms, duplicates."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"create table t as from read_csv('{path}', sample_size=-1)")
    connection.execute("summarize t").fetchall()
    columns = [(row[0], row[1]) for row in connection.execute("describe t").fetchall()]
    distinct = ", ".join(f'count(distinct "{name}")' for name, _ in columns)
    connection.execute(f"select {distinct} from t").fetchall()
    for name, kind in columns:
        connection.execute(f'select "{name}", count(*) as n from t group by 1 order by n desc limit 10').fetchall()
        if kind.startswith(NUMBERS):
            connection.execute(f'from histogram(t, "{name}", bin_count := 20)').fetchall()
    keys = ", ".join(f'"{name}"' for name, _ in columns)
    groups = f"select count(*) as n from (select hash({keys}) as h from t) group by h having n > 1"
    connection.execute(f"select sum(n - 1) from ({groups})").fetchall()
    return len(columns)


def polars_profile(path: str) -> int:
    import polars

    # All rows would be no fair comparison: to infer types by them takes polars a hundred times as long as to read them.
    frame = polars.read_csv(path, try_parse_dates=True, infer_schema_length=10_000)
    frame.describe()
    frame.select(polars.all().n_unique()).rows()
    for name, kind in frame.schema.items():
        frame[name].value_counts().top_k(10, by="count")
        if kind.is_numeric():
            frame[name].hist(bin_count=20)
    frame.is_duplicated().sum()
    return int(frame.width)


def pandas_profile(path: str) -> int:
    import numpy
    import pandas

    frame = pandas.read_csv(path)
    frame.describe(include="all")
    frame.nunique()
    for name in frame.columns:
        frame[name].value_counts().head(10)
        if pandas.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != bool:
            numpy.histogram(frame[name].dropna(), 20)
    frame.duplicated().sum()
    return len(frame.columns)


TOOLS: dict[str, tuple[str, Callable[[str], int]]] = {
    "DuckDB: SUMMARIZE": ("duckdb", duckdb_summary),
    "DuckDB: the same facts": ("duckdb", duckdb_profile),
    "polars: the same facts": ("polars", polars_profile),
    "pandas: the same facts": ("pandas", pandas_profile),
}


def measured(tool: str, path: str) -> dict[str, Any]:
    """Seconds, seconds of processor time and bytes that the work took beyond the loaded library.

    Nothing where the library is not installed, fails, or does not end within PATIENCE.
    """
    python = peers.python(TOOLS[tool][0]) or Path(sys.executable)
    code = [python, "-m", "bench.table_tools", tool, path]
    try:
        done = subprocess.run(code, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {}
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


def main() -> None:
    """One tool in this process; prints JSON."""
    module, work = TOOLS[sys.argv[1]]
    __import__(module)
    before, peak, ended = pss(), [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            peak[0] = max(peak[0], pss())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, used = time.perf_counter(), time.process_time()
    work(sys.argv[2])
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    ended.set()
    watcher.join()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "processor": processor, "memory": max(peak[0] - before, 0), "whole": own}))


if __name__ == "__main__":
    main()
