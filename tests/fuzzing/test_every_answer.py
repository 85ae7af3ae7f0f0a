"""Nothing that openapi.json lets a client ask is answered in a way that it does not describe."""

from __future__ import annotations

import pytest

from tests.fuzzing.run import run


@pytest.mark.timeout(300)
def test_every_answer_is_documented() -> None:
    assert run("--seed", "1", "--phases", "fuzzing", "--max-examples", "1", "--max-failures", "5") == 0
