"""The steps that a batch began with, found in the code that this process has now: by their names, not their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.pipelines.contract import Step, StepContext

NO_GAP = -1


@dataclass(frozen=True, slots=True)
class Course:
    """What the jobs of a batch go through, by position: `names` as it began, `steps` as the code has them now.

    `gap`: the last position that this code cannot carry out, or NO_GAP; a job that is not past it cannot go on.
    `reason` says why, in sentences. `renamed`: some of the steps have another name now.
    """

    steps: Sequence[Step]
    names: Sequence[str]
    gap: int = NO_GAP
    reason: str = ""
    renamed: bool = False


def find_course(names: Sequence[str], declared: Sequence[Step]) -> Course:
    """Find the steps of these names, or with these names before they were renamed, among those of the pipeline."""
    if list(names) == [step.name for step in declared]:
        return Course(declared, names)
    known = {former: step for step in declared for former in step.was} | {step.name: step for step in declared}
    steps: list[Step] = []
    problems: list[str] = []
    gap = NO_GAP
    for position, name in enumerate(names):
        step = known.get(name)
        before = {earlier.name for earlier in steps}
        if step is None:
            problem = f"the step {name} is gone"
        elif step.name in before:
            problem = f"the step {name} has become {step.name}, which comes before it"
        elif missing := sorted(set(step.depends_on) - before):
            problem = f"the step {name} now depends on {' and '.join(missing)}, not among the steps before it"
        else:
            steps.append(step)
            continue
        steps.append(Step(name, _cannot_run))
        problems.append(problem)
        gap = position
    renamed = any(step.name != name for step, name in zip(steps, names, strict=True))
    return Course(steps, names, gap, _sentence(problems), renamed)


def no_course(names: Sequence[str], why: str) -> Course:
    """None of the steps can be found."""
    steps = [Step(name, _cannot_run) for name in names]
    return Course(steps, names, len(names) - 1, _sentence([why]))


def _sentence(problems: Sequence[str]) -> str:
    text = "; ".join(problems)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


async def _cannot_run(ctx: StepContext) -> None:
    raise LookupError(f"{ctx.key} has no code")  # whoever would run it looks at the gap first
