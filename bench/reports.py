"""How long a large CSV takes from the upload to its report, and how much memory the whole service has meanwhile.

    python -m bench.reports [--megabytes 500] [--broken]

Counts the resident pages of the service, its PostgreSQL and its children, each page shared by several once (PSS), ten
times a second. `--broken` makes one row in a thousand too short, so that the file is read twice and copied once.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from pathlib import Path

from bench.service import RunningService, service

INTERVAL = 0.1
CITIES = ("Auckland", "Wellington", "Hamilton", "Dunedin", "Taupo")
ROWS_MADE = 20_000


def write_table(path: Path, size: int, *, broken: bool) -> int:
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


def through_the_service(running: RunningService, path: Path) -> tuple[float, float, dict[str, object]]:
    """Seconds of the upload, seconds from its end to the report, and the report."""
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
        ended = time.perf_counter()
        (file_row,) = client.get(f"/api/batch-reports/{created.json()['batch_id']}/files").json()["files"]
        assert file_row["processing_status"] == "success", file_row
        report = client.get(f"/api/reports/{file_row['report_id']}").json()["data"]
    return sent - began, ended - sent, report


def main() -> None:
    """Make the table, report on it once, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--broken", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, service() as running:
        path = Path(folder) / "large.csv"
        rows = write_table(path, options.megabytes * 10**6, broken=options.broken)
        roots = roots_of(running)
        peaks, ended = [resident(roots)], threading.Event()
        idle = peaks[0]
        watcher = threading.Thread(target=watch, args=(roots, peaks, ended))
        watcher.start()
        try:
            upload, reading, report = through_the_service(running, path)
        finally:
            ended.set()
            watcher.join()
        assert report["rows"] == rows, (report["rows"], rows)
    print(f"{options.megabytes} MB, {rows:,} rows: {upload:.1f} s upload, {reading:.1f} s to the report")
    print(f"resident: {peaks[0] / 1e6:,.0f} MB at most, {idle / 1e6:,.0f} MB before")
    print(json.dumps({name: report["problems"][name] for name in ("ragged_rows", "duplicate_rows")}))  # type: ignore[index]


if __name__ == "__main__":
    main()
