"""Workloads as their authors write them: what is taken, and what contradicts itself."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.pipelines.contract import Params, Pipeline, PipelineNotWellFormed, StepContext
from app.pipelines.discovery import discover
from app.pipelines.errors import PipelineUnknown
from app.pipelines.registry import Registry
from tests.workloads.basic import checksum, no_op

WORKLOAD = """
from app.pipelines.contract import Pipeline
{name} = Pipeline("{key}", title="Dropped in")
again = {name}
@{name}.step()
async def only(ctx): ...
"""


def keys(folder: Path) -> list[str]:
    """Of the pipelines in a folder."""
    return [pipeline.key for source in discover(folder) for pipeline in source.pipelines]


async def step(ctx: StepContext) -> None: ...


async def other(ctx: StepContext) -> None: ...


def test_steps_are_named_after_their_functions_and_keep_their_order() -> None:
    pipeline = Pipeline("p", title="P")
    assert pipeline.step(max_retries=1, timeout=5)(step) is step
    pipeline.step(depends_on=["step"], skip_if_failed=False)(other)
    assert pipeline.step_names() == ["step", "other"]
    first, second = pipeline.steps
    assert (first.max_retries, first.timeout, first.depends_on, first.skip_if_failed) == (1, 5, (), True)
    assert (second.max_retries, second.depends_on, second.skip_if_failed) == (3, ("step",), False)


def test_two_steps_of_one_name() -> None:
    pipeline = Pipeline("p", title="P")
    pipeline.step()(step)
    with pytest.raises(PipelineNotWellFormed, match="'step' is taken"):
        pipeline.step()(step)


@pytest.mark.parametrize("name", ["queued", "done"])
def test_step_named_like_a_stage_of_ours(name: str) -> None:
    async def function(ctx: StepContext) -> None: ...

    function.__name__ = name
    with pytest.raises(PipelineNotWellFormed, match="is taken"):
        Pipeline("p", title="P").step()(function)


def test_step_that_depends_on_a_later_one() -> None:
    pipeline = Pipeline("p", title="P")
    with pytest.raises(PipelineNotWellFormed, match=r"other depends on \['step'\]"):
        pipeline.step(depends_on=["step"])(other)
    assert pipeline.steps == []


def test_params_refuse_what_they_do_not_know() -> None:
    class Own(Params):
        name: str

    assert Own.model_validate({"name": "  x "}).name == "x"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Own.model_validate({"name": "x", "nmae": "y"})


def test_registry_refuses_two_of_one_key_and_those_without_steps() -> None:
    with pytest.raises(PipelineNotWellFormed, match="two pipelines are called no-op"):
        Registry([no_op, no_op])
    with pytest.raises(PipelineNotWellFormed, match="p has no steps"):
        Registry([Pipeline("p", title="P")])


def test_registry_names_what_there_is() -> None:
    registry = Registry([no_op, checksum])
    assert list(registry) == [no_op, checksum]
    assert registry.get("checksum") is checksum
    with pytest.raises(PipelineUnknown, match=r"There are: checksum, no-op\.$"):
        registry.get("x" * 1000)
    assert registry.find(1) is None


def test_folder_is_searched_in_the_order_of_names(tmp_path: Path) -> None:
    for file, key in (("b.py", "second"), ("a.py", "first"), ("_c.py", "hidden"), ("d.txt", "no code")):
        (tmp_path / file).write_text(WORKLOAD.format(name="pipeline", key=key))
    (tmp_path / "e.py").write_text(WORKLOAD.format(name="_private", key="private").replace("again = _private", ""))
    assert keys(tmp_path) == ["first", "second"]


@pytest.mark.parametrize("broken", ["this is no python", "import no_such_module", "raise ValueError('in the module')"])
def test_broken_workload_is_left_out_and_told(tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.py").write_text(broken)
    (tmp_path / "b.py").write_text(WORKLOAD.format(name="pipeline", key="good"))
    with caplog.at_level(logging.ERROR):
        assert keys(tmp_path) == ["good"]
    assert str(tmp_path / "a.py") in caplog.text


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    assert list(discover(None)) == []
    assert list(discover(tmp_path)) == []
    assert list(discover(tmp_path / "none")) == []


def test_contract_needs_no_web_framework_and_no_runner() -> None:
    heavy = "('fastapi', 'starlette', 'uvicorn', 'pgqueuer', 'app.runner', 'app.batches', 'app.main')"
    code = f"import sys, app.pipelines.contract; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
