"""What authors get wrong is said where it is loaded: the file, the line, the option, and what is expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.pipelines import FailurePolicy, Params, Pipeline, PipelineNotWellFormed, Step, StepContext
from app.pipelines.discovery import discover
from app.pipelines.registry import Registry
from tests.workloads.basic import no_op

FILE = """
from app.pipelines import Pipeline, Stop, Retry, FailurePolicy, Params
pipeline = Pipeline("{key}", title="A", {options})

@pipeline.step({step})
async def only(ctx): ...
"""


async def only(ctx: StepContext) -> None: ...


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("key", "", "a pipeline: key must be a text that is not empty and not a number"),
        ("key", 5, "key must be a text"),
        ("key", "12", "not a number, and is the str '12'"),
        ("title", None, "title must be a text, and is None"),
        ("params", dict, "params must be a class derived from Params"),
        ("params", Params(), "params must be a class derived from Params"),
        ("mode", "serial", "mode must be 'parallel' or 'sequential', and is the str 'serial'"),
        ("max_parallel", "8", "max_parallel must be a whole number from 1 to 4096, and is the str '8'"),
        ("max_parallel", True, "max_parallel must be a whole number"),
        ("max_parallel", 0, "max_parallel must be a whole number"),
        ("accepts", "file", "accepts must be a tuple of 'file', 'url', 'record', and is the str 'file'"),
        ("accepts", (), "accepts must be"),
        ("accepts", ("files",), "accepts must be"),
        (
            "failure_policy",
            {"threshold": 0.2},
            'failure_policy must be a FailurePolicy, as FailurePolicy(0.2, "pause")',
        ),
        ("expires_after", 3600, "expires_after must be a timedelta, or None"),
        ("version", "2", "version must be a whole number of at least 0"),
        ("result_codes", "yes", "result_codes must be True or False"),
        ("result_table", ("a",), "result_table must be a ResultTable, or None"),
        ("label", "two words", "label must be a word"),
        ("naming", str, "naming must be a Naming"),
    ],
)
def test_an_option_of_the_wrong_type(option: str, value: Any, expected: str) -> None:
    with pytest.raises(PipelineNotWellFormed) as refused:
        Pipeline(**({"key": "mine", "title": "Mine"} | {option: value}))
    assert expected in str(refused.value)
    assert str(refused.value).startswith("a pipeline: " if option == "key" and not isinstance(value, str) else "")


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("max_retries", "3", "mine: only: max_retries must be a whole number of at least 0, and is the str '3'"),
        ("max_retries", -1, "max_retries must be"),
        ("timeout", 0, "timeout must be a number of seconds above 0"),
        ("timeout", "30", "timeout must be"),
        ("when", "always", "when must be a function that takes the step's context, or None"),
        ("depends_on", "first", "depends_on must be a tuple of names of steps, and is the str 'first'"),
        ("depends_on", (only,), "depends_on must be"),
        ("skip_if_failed", "no", "skip_if_failed must be True or False"),
        ("was", 5, "was must be a tuple of names"),
    ],
)
def test_an_option_of_a_step_of_the_wrong_type(option: str, value: Any, expected: str) -> None:
    pipeline = Pipeline("mine", title="Mine")
    with pytest.raises(PipelineNotWellFormed) as refused:
        pipeline.step(**{option: value})(only)
    assert expected in str(refused.value)
    assert pipeline.steps == []


@pytest.mark.parametrize(("threshold", "action"), [(1.5, "pause"), ("half", "pause"), (0.5, "stop")])
def test_a_failure_policy(threshold: Any, action: Any) -> None:
    with pytest.raises(PipelineNotWellFormed, match=r"FailurePolicy: (threshold must be a number|action must be)"):
        FailurePolicy(threshold, action)


def test_former_names_are_nobody_else_s() -> None:
    pipeline = Pipeline("mine", title="Mine")
    pipeline.step()(only)
    for step in (Step("new", only, was=("only",)), Step("new", only, was=("new",))):
        with pytest.raises(PipelineNotWellFormed, match="what a step was called, and the name of another"):
            pipeline._check_steps([*pipeline.steps, step])
    twice = [Step("a", only, was=("old",)), Step("b", only, was=("old",))]
    with pytest.raises(PipelineNotWellFormed, match="two steps say that they were called 'old'"):
        pipeline._check_steps(twice)


def test_what_is_said_after_the_definition_is_looked_at_as_well() -> None:
    pipeline = Pipeline("mine", title="Mine")
    pipeline.step()(only)
    pipeline.failure_policy = {"threshold": 0.2}  # type: ignore[assignment]
    with pytest.raises(PipelineNotWellFormed, match="mine: failure_policy must be"):
        Registry([pipeline])


@pytest.mark.parametrize(
    ("options", "step", "problem"),
    [
        (
            'failure_policy={"threshold": 0.2}',
            "",
            "line 3: PipelineNotWellFormed: bad: failure_policy must be a FailurePolicy",
        ),
        ("", 'timeout="5"', "line 5: PipelineNotWellFormed: bad: only: timeout must be a number of seconds"),
        ("tittle='B'", "", "line 3: TypeError: Pipeline.__init__() got an unexpected keyword argument 'tittle'"),
        ("mode=", "", "line 3: SyntaxError: invalid syntax"),
        ("mode=exit(3)", "", "line 3: SystemExit: 3"),
        (
            "params=type('P', (Params,), {'__annotations__': {'a': __import__('typing').Callable}})",
            "",
            "PydanticInvalid",
        ),
    ],
)
def test_a_file_says_what_is_wrong_and_leaves_the_others(tmp_path: Path, options: str, step: str, problem: str) -> None:
    (tmp_path / "a.py").write_text(FILE.format(key="bad", options=options, step=step))
    (tmp_path / "b.py").write_text(FILE.format(key="good", options="", step=""))
    registry = Registry([no_op], discover(tmp_path))
    assert [pipeline.key for pipeline in registry] == ["no-op", "good"]
    assert [(one.source, one.kept) for one in registry.problems] == [("a.py", False)]
    assert problem in registry.problems[0].message


def test_a_key_that_is_taken_leaves_out_the_whole_file(tmp_path: Path) -> None:
    more = FILE.format(key="other", options="", step="")
    more = more.replace("pipeline =", "two =").replace("@pipeline", "@two")
    (tmp_path / "a.py").write_text(FILE.format(key="mine", options="", step=""))
    (tmp_path / "b.py").write_text(FILE.format(key="mine", options="", step="") + more)
    (tmp_path / "c.py").write_text(FILE.format(key="no-op", options="", step=""))
    registry = Registry([no_op], discover(tmp_path))
    assert [pipeline.key for pipeline in registry] == ["no-op", "mine"]
    assert {one.source: one.message for one in registry.problems} == {
        "b.py": "two pipelines are called mine: this one, and one of a.py",
        "c.py": "two pipelines are called no-op: this one, and a pipeline that comes with the service",
    }
