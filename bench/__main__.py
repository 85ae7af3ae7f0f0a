"""The table of docs/performance.md: ours beside what the machine allows and what others take, in the same run.

    script/bench [NAME ...] [--rounds 5] [--json FILE] [--markdown] [--without-peers] [--small]

A name is one of those below, or the beginning of a row's, such as `jobs` or `files`. Peers take part where they are
installed (`script/bench-peers`), and are named where not. Each figure is the median of rounds that take turns; read
ratios rather than figures, and measure on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.measures import Extent, Measure, as_markdown, as_text

BENCHES = {
    "jobs": "bench.orchestration",
    "workers": "bench.workers",
    "upload": "bench.uploads",
    "zip": "bench.archives",
    "reports": "bench.reports",
    "pictures": "bench.images",
    "requests": "bench.requests",
    "latency": "bench.latency",
    "growth": "bench.growth",
    "sheets": "bench.extraction",
    "streams": "bench.stream_table",
}
"""By name, the module whose `measures` yields the rows."""


def measures_of(name: str) -> Callable[[Extent], Iterator[Measure]]:
    found: Callable[[Extent], Iterator[Measure]] = importlib.import_module(BENCHES[name]).measures
    return found


def machine() -> str:
    """What the figures depend on: processors, their kind, memory, system, Python, and who else works here."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    kinds = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = (
        f"{os.cpu_count()} processors ({', '.join(sorted(kinds)) or platform.machine()})",
        f"{memory:.0f} GiB",
        f"Linux {platform.release()}",
        f"Python {platform.python_version()}",
        f"load {os.getloadavg()[0]:.1f} before the run",
    )
    return ", ".join(parts)


def main() -> None:
    """Run what was asked for, say each row as it is known, and the whole table at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; all of them else")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="a file that gets a line of JSON for each row")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--without-peers", action="store_true", help="only ours and the limits")
    parser.add_argument("--small", action="store_true", help="the smallest size: whether it runs, not how fast")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in BENCHES]:
        parser.error(f"no bench is called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    extent = Extent(rounds=options.rounds, small=options.small, peers=not options.without_peers)
    print(machine(), file=sys.stderr)
    found: list[Measure] = []
    for name in options.names or BENCHES:
        for measure in measures_of(name)(extent):
            found.append(measure)
            print(as_text([measure]).partition("\n")[2], file=sys.stderr, flush=True)
            if options.json:
                with options.json.open("a") as file:
                    file.write(measure.as_json() + "\n")
    print((as_markdown if options.markdown else as_text)(found))


if __name__ == "__main__":
    main()
