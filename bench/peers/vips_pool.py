"""Pictures of a folder to a WebP and a thumbnail each with libvips, by a process for each processor: FOLDER EFFORT.

Prints the seconds, without the start of the processes.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from functools import partial
from pathlib import Path

os.environ["VIPS_CONCURRENCY"] = "1"
import pyvips  # type: ignore[import-not-found, unused-ignore]


def convert(path: str, effort: int) -> None:
    for size in (1600, 256):
        image = pyvips.Image.thumbnail(path, size, height=size, size="down")
        image.webpsave_buffer(Q=80, effort=effort)


def main() -> None:
    paths = sorted(str(path) for path in Path(sys.argv[1]).iterdir())
    with multiprocessing.Pool() as pool:
        pool.map(partial(convert, effort=0), paths[:4])
        began = time.perf_counter()
        pool.map(partial(convert, effort=int(sys.argv[2])), paths)
        print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
