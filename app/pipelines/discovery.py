"""Finds workloads: entry points of installed packages, and .py files in the operator's folder."""

from __future__ import annotations

import importlib.util
import linecache
import logging
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from app.pipelines.contract import Pipeline

log = logging.getLogger("tranche.pipelines")
ENTRY_POINT_GROUP = "tranche.pipelines"
MODULE_PREFIX = "tranche_pipelines_"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or an entry point, with its pipelines; or with what is wrong with it, for its author."""

    name: str
    pipelines: tuple[Pipeline, ...] = ()
    problem: str | None = None


def pipelines_in(module: ModuleType) -> Iterator[Pipeline]:
    """Every Pipeline that a module holds under a public name, each once."""
    seen: set[int] = set()
    for name, value in vars(module).items():
        if isinstance(value, Pipeline) and not name.startswith("_") and id(value) not in seen:
            seen.add(id(value))
            yield value


def load_file(path: Path) -> ModuleType:
    """Import one .py file as a module of its own name, as it is now."""
    name, path = MODULE_PREFIX + path.stem, path.absolute()
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        # Compiled here: what Python keeps beside the file tells changes by whole seconds, and there may be two in one.
        exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 - the operator's own code
    except BaseException:
        if before:
            sys.modules[name] = before  # whose functions its jobs go on with
        else:
            del sys.modules[name]
        raise
    return module


def files_in(folder: Path | None) -> list[Path]:
    """The folder's workloads in name order."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_")) if folder else []


def read_file(path: Path) -> Source:
    """The pipelines of a file. One that cannot be loaded says why: it must not keep the service from starting."""
    linecache.checkcache(str(path))
    try:
        return _checked(Source(path.name, tuple(pipelines_in(load_file(path)))))
    except (Exception, SystemExit) as error:
        log.exception("the workload %s does not load", path)
        return Source(path.name, problem=_explain(error, path))


def _read_entry_point(point: EntryPoint) -> Source:
    try:
        loaded = point.load()
        found = (loaded,) if isinstance(loaded, Pipeline) else tuple(pipelines_in(loaded))
        return _checked(Source(point.value, found))
    except (Exception, SystemExit) as error:
        log.exception("the entry point %s does not load", point.value)
        return Source(point.value, problem=_explain(error))


def _checked(source: Source) -> Source:
    """The source, if all its pipelines are complete; raises PipelineNotWellFormed and what a schema raises."""
    for pipeline in source.pipelines:
        pipeline.check_complete()
        pipeline.params.model_json_schema()  # that the form is drawn from
    return source


def _explain(error: BaseException, path: Path | None = None) -> str:
    """What went wrong, and in which line of the file."""
    file = str(path.absolute()) if path else ""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    said = f"{error.msg}" if isinstance(error, SyntaxError) else f"{error}"
    where = f"line {line}: " if line else ""
    return f"{where}{type(error).__name__}: {said}"[:1000]


def discover(folder: Path | None) -> Iterable[Source]:
    """The entry points, then the folder's files in name order."""
    yield from map(_read_entry_point, entry_points(group=ENTRY_POINT_GROUP))
    yield from map(read_file, files_in(folder))
