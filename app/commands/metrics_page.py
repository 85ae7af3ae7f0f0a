"""The tables of docs/metrics.md, made from the figures that the code declares."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import app.main  # noqa: F401 - what declares figures is imported with it
from app.kit.metrics import DECLARED, Figure

HEAD: Final = "| name | kind | labels | meaning |\n|---|---|---|---|"
SUBJECTS: Final = {
    "queue": ("queue", "batches", "workers"),
    "jobs": ("jobs", "job", "step", "commit", "claim", "fenced", "runner", "children", "expired"),
    "streams": ("streams", "stream", "events", "event"),
    "deliveries": ("outbox", "webhook", "mails"),
    "requests": ("http", "uploads", "stored", "rate", "quota"),
    "storage": ("database", "disk", "backup"),
}
"""For each table the first words of the names in it; `process` has the rest."""


def declared_figures() -> dict[str, Figure]:
    """Every figure of the service, by name."""
    return {name: DECLARED[name] for name in sorted(DECLARED) if name.startswith("tranche_")}


def metrics_tables() -> dict[str, str]:
    """A table for each subject."""
    rows: defaultdict[str, list[str]] = defaultdict(list)
    for name, figure in declared_figures().items():
        word = name.removeprefix("tranche_").partition("_")[0]
        subject = next((subject for subject, words in SUBJECTS.items() if word in words), "process")
        labels = ", ".join(f"`{label}`" for label in figure.labels)
        scope = "" if figure.scope == "process" else " **Of the installation.**"
        rows[subject].append(f"| `{name}` | {figure.kind} | {labels} | {figure.meaning}.{scope} |")
    return {subject: "\n".join([HEAD, *lines]) for subject, lines in rows.items()}
