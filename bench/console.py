"""How smoothly the console shows a busy batch: 500 live rows while some 200 events arrive each second.

    python -m bench.console [--seconds 10] [--rate 200]

One figure each: frames per second (a tab can show 60 at most), the slowest frame, events per second, whether the row
that had the focus still has it, and how far anything moved (cumulative layout shift).
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.service import RunningService, service

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
JOBS, AT_ONCE, STEPS = 500, 100, 24
NAMED_STEPS = """
import asyncio

from app.pipelines.contract import Params, Pipeline, StepContext


class Pace(Params):
    seconds: float


pipeline = Pipeline("busy", title="Twenty-four steps", params=Pace, accepts=("record",))


async def wait(ctx: StepContext) -> None:
    await asyncio.sleep(ctx.params.seconds)


for number in range(1, {steps} + 1):
    step = type(wait)(wait.__code__, wait.__globals__, f"step_{{number:02}}")
    step.__annotations__ = wait.__annotations__
    pipeline.step()(step)
"""
MEASURE = """seconds => new Promise(done => {
  const link = document.querySelectorAll('.jobs a.name')[4];
  link.focus();
  let shift = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) shift += one.value; })
    .observe({ type: 'layout-shift' });
  const frames = [];
  const began = performance.now();
  let last = began;
  const frame = at => {
    frames.push(at - last);
    last = at;
    if (at - began < seconds * 1000) return requestAnimationFrame(frame);
    const slow = [...frames].sort((a, b) => b - a);
    done({ fps: frames.length / ((at - began) / 1000), worst: slow[0], late: frames.filter(one => one > 34).length,
           focus: document.activeElement === link, shift, rows: document.querySelectorAll('.jobs tbody tr').length });
  };
  requestAnimationFrame(frame);
})"""


def _submit(running: RunningService, rate: int) -> str:
    body = {
        "pipeline": "busy",
        "name": "Five hundred rows",
        "params": {"seconds": AT_ONCE / rate},
        "max_parallel": AT_ONCE,
        "items": [{"record": {"name": f"Row {number} of the list"}} for number in range(1, JOBS + 1)],
    }
    with running.client() as client:
        answer = client.post("/api/batches", json=body)
        answer.raise_for_status()
        return str(answer.json()["batch_id"])


def _last_event(running: RunningService, batch_id: str) -> int:
    with running.client() as client:
        return int(client.get(f"/api/batches/{batch_id}").json()["batch"]["last_event_id"])


def _measure(page: Page, running: RunningService, seconds: int, rate: int) -> dict[str, Any]:
    batch_id = _submit(running, rate)
    page.goto(f"{running.url}/#/batches/{batch_id}")
    page.locator(".jobs tbody tr").nth(JOBS - 1).wait_for(state="attached")
    time.sleep(3)
    before, began = _last_event(running, batch_id), time.monotonic()
    found: dict[str, Any] = page.evaluate(MEASURE, seconds)
    found["events"] = (_last_event(running, batch_id) - before) / (time.monotonic() - began)
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--rate", type=int, default=200, help="events per second that the batch makes")
    given = options.parse_args()
    with (
        service({"busy.py": NAMED_STEPS.format(steps=STEPS)}) as running,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.request.post(f"{running.url}/api/session", data={"key": running.key})
        found = _measure(page, running, given.seconds, given.rate)
    print(
        f"{found['rows']} rows, {found['events']:.0f} events/s: {found['fps']:.1f} frames/s, {found['late']} late, "
        f"slowest {found['worst']:.0f} ms, focus {'kept' if found['focus'] else 'lost'}, shift {found['shift']:.3f}"
    )


if __name__ == "__main__":
    main()
