"""Finds workloads: entry points of installed packages, and .py files in the operator's folder."""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from app.pipelines.contract import Pipeline

log = logging.getLogger("tranche.pipelines")
ENTRY_POINT_GROUP = "tranche.pipelines"
MODULE_PREFIX = "tranche_pipelines_"


def pipelines_in(module: ModuleType) -> Iterator[Pipeline]:
    """Every Pipeline that a module holds under a public name, each once."""
    seen: set[int] = set()
    for name, value in vars(module).items():
        if isinstance(value, Pipeline) and not name.startswith("_") and id(value) not in seen:
            seen.add(id(value))
            yield value


def load_file(path: Path) -> ModuleType:
    """Import one .py file as a module of its own name."""
    name = MODULE_PREFIX + path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def discover(folder: Path | None) -> Iterable[Pipeline]:
    """Pipelines of entry points, then of the folder's files in name order.

    A workload that cannot be imported is logged and left out: it must not keep the service from starting.
    """
    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            loaded = point.load()
            yield from (loaded,) if isinstance(loaded, Pipeline) else pipelines_in(loaded)
        except Exception:
            log.exception("the entry point %s does not load", point.value)
    for path in sorted(folder.glob("*.py")) if folder else ():
        if path.name.startswith("_"):
            continue
        try:
            yield from pipelines_in(load_file(path))
        except Exception:
            log.exception("the workload %s does not load", path)
