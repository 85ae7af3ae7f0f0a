"""A large CSV through the service beside DuckDB, polars and pandas: time, processor time and memory, in one run.

    python -m bench.reports [--megabytes 60] [--rounds 3] [--broken]
    python -m bench.reports --columns 2000 --rows 10000

The service is timed from the first byte of the upload to the last event, as a person waits for it; the tools from the
path of the file to the facts, without their start. They take turns, and the medians are shown: on a machine that others
use, compare within one run. Memory is what the work adds: the proportional share (PSS) of the service, its PostgreSQL
and its children, ten times a second, less that before; of a tool that of its process less that with the library loaded.
`bench/table_tools.py` says what each tool is asked for. polars and pandas are shown when they are installed. `--broken`
makes one row in a thousand too short, so that the file is read twice and copied once. `script/bench reports` has the
time of the clean file, and of one with a single odd row: whose amount, day and score are words.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.measures import OURS, Extent, Measure, at_most, in_turns
from bench.service import RunningService, median, service
from bench.table_tools import PATIENCE, TOOLS, measured

INTERVAL = 0.1
SAME_FACTS = "DuckDB: the same facts"
CITIES = ("Auckland", "Wellington", "Hamilton", "Dunedin", "Taupo")
ROWS_MADE = 20_000
ODD_ROW = 15_000
"""Behind the rows by which types are guessed."""


def write_table(path: Path, size: int, *, broken: bool = False, odd: bool = False) -> int:
    """A table of mixed columns with `size` bytes; how many data rows it has."""
    rng = random.Random(1)
    tails = []
    for _ in range(ROWS_MADE):
        day = f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        tails.append(
            f"{rng.choice(CITIES)},{rng.random() * 1000:.4f},{day},"
            f'"note {rng.randint(0, 10**9)}, with a comma",{rng.random() < 0.5},{rng.gauss(50, 10):.2f}\n'
        )
    written = rows = 0
    with path.open("w") as file:
        file.write("id,city,amount,day,note,active,score\n")
        while written < size:
            for tail in tails:
                rows += 1
                line = f"{rows}\n" if broken and rows % 1000 == 0 else f"{rows},{tail}"
                if odd and rows == ODD_ROW:
                    line = f"{rows},{CITIES[0]},none,unknown,odd,True,none\n"
                file.write(line)
                written += len(line)
    return rows


def roots_of(running: RunningService) -> list[int]:
    """The service, and its PostgreSQL, which is nobody's child."""
    postmasters = running.home.glob("postgres-*/postmaster.pid")
    return [running.pid, *(int(path.read_text().split()[0]) for path in postmasters)]


def trees_of(roots: list[int]) -> list[int]:
    """The processes and all below them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [*roots]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def resident(roots: list[int]) -> int:
    """Bytes of PSS of trees of processes."""
    total = 0
    for each in trees_of(roots):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def watch(roots: list[int], peaks: list[int], ended: threading.Event) -> None:
    while not ended.wait(INTERVAL):
        peaks[0] = max(peaks[0], resident(roots))


def processor(roots: list[int]) -> float:
    """Seconds of processor time that trees of processes have used, with those that ended."""
    total = 0
    for each in trees_of(roots):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Through:
    """One file through the service: seconds of the upload, of all, and of the child; and what it cost."""

    upload: float
    seconds: float
    child: float
    processor: float
    memory: int
    report: dict[str, Any]


def through_the_service(running: RunningService, path: Path) -> Through:
    """Upload a file, follow its events to the end, and fetch its report."""
    roots = roots_of(running)
    before, used = resident(roots), processor(roots)
    peaks, ended = [before], threading.Event()
    watcher = threading.Thread(target=watch, args=(roots, peaks, ended))
    watcher.start()
    try:
        with running.client() as client:
            began = time.perf_counter()
            with path.open("rb") as file:
                created = client.post("/api/batch-reports", files={"files": (path.name, file)}, timeout=600)
            created.raise_for_status()
            sent = time.perf_counter()
            events = created.json()["links"]["events"]
            with client.stream("GET", events, headers={"Accept": "text/event-stream"}, timeout=900) as stream:
                for _ in stream.iter_lines():
                    pass
            done = time.perf_counter()
            (file_row,) = client.get(f"/api/batch-reports/{created.json()['batch_id']}/files").json()["files"]
            assert file_row["processing_status"] == "success", file_row
            found = client.get(f"/api/reports/{file_row['report_id']}").json()
    finally:
        ended.set()
        watcher.join()
    child = found["data"].get("processing_time_ms", found.get("processing_time_ms", 0)) / 1000
    cost = processor(roots) - used
    return Through(sent - began, done - began, child, cost, peaks[0] - before, found["data"])


def write_wide(path: Path, columns: int, rows: int) -> None:
    """A table of many columns: integers, decimals, words and days."""
    rng = random.Random(1)
    makers = (
        lambda: str(rng.randint(0, 10_000)),
        lambda: f"{rng.random() * 100:.2f}",
        lambda: rng.choice(CITIES),
        lambda: f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
    )
    with path.open("w") as file:
        file.write(",".join(f"column {place}" for place in range(columns)) + "\n")
        for _ in range(rows):
            file.write(",".join(makers[place % 4]() for place in range(columns)) + "\n")


def compare(running: RunningService, path: Path, rows: int, rounds: int) -> None:
    """Time the service and the tools in turns, and print the medians."""
    ours: list[Through] = []
    theirs: dict[str, list[dict[str, Any]]] = {name: [] for name in TOOLS}
    for _ in range(rounds):
        ours.append(through_the_service(running, path))
        assert ours[-1].report["rows"] == rows, (ours[-1].report["rows"], rows)
        for name, found in theirs.items():
            found.append(measured(name, str(path)) if all(found) else {})
    size = path.stat().st_size / 1e6
    print(f"{size:,.0f} MB, {rows:,} rows, {ours[0].report['column_count']:,} columns; medians of {rounds}")
    print(f"{'':26}{'seconds':>9}{'processor':>11}{'memory':>10}")

    def say(name: str, seconds: float, cost: float, memory: float) -> None:
        print(f"{name:26}{seconds:9.2f}{cost:11.2f}{memory / 1e6:7.0f} MB")

    def middle(of: Callable[[Through], float]) -> float:
        return median([of(each) for each in ours])

    seconds, cost = middle(lambda each: each.seconds), middle(lambda each: each.processor)
    say("through the service", seconds, cost, middle(lambda each: each.memory))
    for name, found in theirs.items():
        if not all(found):
            print(f"{name:26}is not installed, failed, or did not end within {PATIENCE:.0f} s")
            continue
        say(name, *(median([each[what] for each in found]) for what in ("seconds", "processor", "memory")))
    upload, child = middle(lambda each: each.upload), middle(lambda each: each.child)
    rest = seconds - upload - child
    print(f"of the service's: upload {upload:.2f} s, reading in the child {child:.2f} s, the rest {rest:.2f} s")
    if all(theirs[SAME_FACTS]):
        time_of, cost_of = (median([each[what] for each in theirs[SAME_FACTS]]) for what in ("seconds", "processor"))
        print(f"against {SAME_FACTS}: {seconds / time_of:.2f} of the time, {cost / cost_of:.2f} of the processor time")
    problems = ours[0].report["problems"]
    print(json.dumps({name: problems[name] for name in ("ragged_rows", "duplicate_rows")}))


def measures(extent: Extent) -> Iterator[Measure]:
    """The clean file, and the one with an odd row, in seconds."""
    with tempfile.TemporaryDirectory() as folder, service() as running:
        warm, path = Path(folder) / "small.csv", Path(folder) / "large.csv"
        write_wide(warm, 4, 10)
        through_the_service(running, warm)
        for name, what in (("clean", "clean"), ("odd", "one odd row")):
            rows = write_table(path, extent.of(60 * 10**6, 2 * 10**6), odd=name == "odd")
            work: dict[str, Callable[[], float]] = {OURS: lambda: through_the_service(running, path).seconds}
            asked = TOOLS if extent.peers else {SAME_FACTS: TOOLS[SAME_FACTS]}
            there = [tool for tool in asked if measured(tool, str(path))]
            work |= {tool: partial(seconds_of, tool, str(path)) for tool in there}
            found = in_turns(extent.rounds, work)
            size = path.stat().st_size / 1e6
            yield Measure(
                name=f"reports.{name}",
                work=f"report on a CSV of {size:,.0f} MB, {rows:,} rows, {what}, from the upload to the last event",
                unit="s",
                ours=found[OURS],
                peers={tool: found[tool] for tool in there},
                goals=(at_most(1.3, SAME_FACTS),),
                absent=[tool for tool in asked if tool not in there],
            )


def seconds_of(tool: str, path: str) -> float:
    """Of one that has worked before; what took too long counts as that long."""
    return float(measured(tool, path).get("seconds", PATIENCE))


def main() -> None:
    """Make the table, report on it beside the other tools, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=60)
    parser.add_argument("--columns", type=int, help="a wide table of so many columns instead")
    parser.add_argument("--rows", type=int, default=10_000, help="of the wide table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--broken", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, service() as running:
        warm = Path(folder) / "small.csv"
        write_wide(warm, 4, 10)
        through_the_service(running, warm)
        path = Path(folder) / "large.csv"
        if options.columns:
            write_wide(path, options.columns, options.rows)
            rows = options.rows
        else:
            rows = write_table(path, options.megabytes * 10**6, broken=options.broken)
        compare(running, path, rows, options.rounds)


if __name__ == "__main__":
    main()
