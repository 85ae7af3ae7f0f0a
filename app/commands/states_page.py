"""The parts of docs/states.md that are made from the rules of `app/batches/states.py`."""

from __future__ import annotations

from app.batches.states import BATCH_STATUSES, BATCH_TERMINAL, RULES


def states_parts() -> dict[str, str]:
    return {"diagram": diagram(), "rules": rules_table()}


def diagram() -> str:
    """A mermaid state diagram: one arrow for each way from a status to another, with the events that lead there."""
    events: dict[tuple[str, str], list[str]] = {}
    for rule in RULES:
        for source in rule.sources or ("[*]",):
            if rule.target and source != rule.target:
                events.setdefault((source, rule.target), []).append(rule.event)
    reached = {target for _, target in events}
    arrows = [f"[*] --> {status}: created" for status in BATCH_STATUSES if status not in reached]
    arrows += [f"{source} --> {target}: {', '.join(names)}" for (source, target), names in events.items()]
    arrows += [f"{status} --> [*]" for status in BATCH_TERMINAL]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {arrow}" for arrow in arrows), "```"])


def rules_table() -> str:
    """A row for each rule."""
    rows = [
        f"| {', '.join(rule.sources) or '-'} | {rule.event} | {rule.target or 'stays'} "
        f"| {'yes' if rule.command else ''} | {rule.meaning} |"
        for rule in RULES
    ]
    return "\n".join(["| from | event | to | a client may ask | |", "|---|---|---|---|---|", *rows])
