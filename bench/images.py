"""How many pictures a second become a WebP and a thumbnail, beside Pillow alone on all processors in the same run.

    python -m bench.images [--images 60] [--effort 4 1] [--folder FOLDER]

Pictures are drawn like photographs (2400 x 1600, soft shapes with some grain, JPEG of quality 88), or taken from a
folder. The peer decodes, scales and writes the same two files in a pool of bare processes: no upload, no checks, no
limits, no database.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import httpx
from PIL import Image

from bench.service import service

SIZE = (2400, 1600)


def photograph(number: int) -> bytes:
    """Layers of noise, the coarse ones strong and the fine ones weak, as in pictures of real things."""
    image = Image.new("RGB", SIZE, (128, 128, 128))
    for cells, share in ((8, 0.6), (40, 0.35), (200, 0.2), (800, 0.08)):
        height = cells * SIZE[1] // SIZE[0]
        noise = Image.frombytes("RGB", (cells, height), os.urandom(cells * height * 3))
        image = Image.blend(image, noise.resize(SIZE, Image.Resampling.BICUBIC), share)
    image.putpixel((0, 0), (number % 256, number // 256, 0))  # no two are the same
    target = io.BytesIO()
    image.save(target, "JPEG", quality=88)
    return target.getvalue()


def with_pillow(content: bytes, effort: int) -> int:
    """What the pipeline's pictures come to when nothing is in the way."""
    with Image.open(io.BytesIO(content)) as image:
        image.draft(None, (1600, 1600))
        image.thumbnail((1600, 1600), Image.Resampling.LANCZOS, reducing_gap=3.0)
        large = image.convert("RGB")
        small = large.copy()
        small.thumbnail((256, 256), Image.Resampling.LANCZOS)
        total = 0
        for made in (large, small):
            target = io.BytesIO()
            made.save(target, "WEBP", quality=80, method=effort)
            total += target.tell()
        return total


def with_tranche(client: httpx.Client, pictures: list[bytes], effort: int) -> int:
    """Upload, convert, and wait for the end; bytes of the results."""
    files = [("files", (f"PL_DXB191_{n:04d}_Front", content)) for n, content in enumerate(pictures)]
    reply = client.post("/api/jobs/batch", data={"pipeline": "web-images", "effort": str(effort)}, files=files)
    batch_id = reply.raise_for_status().json()["batch_id"]
    with client.stream("GET", f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream"}) as stream:
        for _ in stream.iter_lines():
            pass
    batch = client.get(f"/api/batches/{batch_id}").json()["batch"]
    assert batch["status"] == "completed", batch["counters"]
    return int(batch["summary_data"]["bytes"] + batch["summary_data"]["thumbnail_bytes"])


def main() -> None:
    """Both, one after the other, for each effort."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--effort", type=int, nargs="+", default=[4, 1])
    parser.add_argument("--folder", type=Path, help="Pictures to use instead of drawn ones.")
    options = parser.parse_args()
    if options.folder:
        found = [path for path in sorted(options.folder.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
        pictures = [path.read_bytes() for path in found] * max(1, options.images // max(1, len(found)))
    else:
        pictures = [photograph(number) for number in range(options.images)]
    count, size = len(pictures), sum(map(len, pictures))
    print(f"{count} pictures, {size / count / 1000:,.0f} kB each, on {os.cpu_count()} processors")
    with service() as running, running.client() as client, ProcessPoolExecutor() as pool:
        with_tranche(client, pictures[:2], 0)  # starts the fork server
        list(pool.map(with_pillow, pictures[:2], [0, 0]))
        for effort in options.effort:
            began = time.perf_counter()
            bare = sum(pool.map(with_pillow, pictures, [effort] * count))
            alone = count / (time.perf_counter() - began)
            began = time.perf_counter()
            made = with_tranche(client, pictures, effort)
            ours = count / (time.perf_counter() - began)
            print(
                f"  effort {effort}   Pillow alone {alone:>5.1f} a second ({bare / count / 1000:,.0f} kB)   "
                f"the pipeline {ours:>5.1f} a second ({made / count / 1000:,.0f} kB)   {ours / alone:.2f}x"
            )


if __name__ == "__main__":
    main()
