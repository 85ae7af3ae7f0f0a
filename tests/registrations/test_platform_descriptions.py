"""The description of a platform: the shipped one, and those of operators."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.registrations.params import RegistrationParams
from app.registrations.pipeline import TWELVE_STEPS
from app.registrations.platform import CallDescription, PlatformNotReadable, read_description


@pytest.mark.parametrize("path", ["", "a", "//host", "http://host", "/a/../b", "/a\\b", "/a b", "/a#b", "/\x00"])
def test_paths_that_could_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        CallDescription(path=path)


def test_steps_and_credentials_need_a_platform_of_ones_own() -> None:
    step = {"call": {"path": "/x"}, "check": {"path": "/x", "expect": {"a": 1}}}
    with pytest.raises(ValidationError, match="base_url"):
        RegistrationParams.model_validate({"steps": {"account": step}})
    params = RegistrationParams.model_validate(
        {"base_url": "https://p.example/", "steps": {"account": step}, "mine": 1}
    )
    assert (params.base_url, params.model_dump()["mine"]) == ("https://p.example", 1)


def test_the_shipped_description_has_the_twelve_steps_and_operators_bring_their_own(tmp_path: Path) -> None:
    assert list(read_description(None).steps) == [step.name for step in TWELVE_STEPS]
    own = tmp_path / "platform.json"
    own.write_text(json.dumps({"steps": {"account": {"call": {"path": "/x"}}}}))
    with pytest.raises(PlatformNotReadable, match="check"):
        read_description(own)
