"""The two compose files: they follow the specification, hold no password, and publish nothing to other machines."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.tools import tools_python
from tests.processes import ROOT

FILES = (ROOT / "compose.yaml", ROOT / "deploy" / "compose.yaml")
READ = """
import json, sys, yaml
from compose_spec import PyCompose
text = open(sys.argv[1]).read()
PyCompose.from_json(json.dumps(yaml.safe_load(text))).validate()
print(json.dumps(yaml.safe_load(text)))
"""


@pytest.fixture(scope="module", params=FILES, ids=["simple", "whole"])
def compose(request: pytest.FixtureRequest) -> dict[str, Any]:
    done = subprocess.run([tools_python(), "-c", READ, request.param], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_nothing_is_published_to_other_machines(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_our_own_containers_are_shut_in(compose: dict[str, Any]) -> None:
    for name in ("tranche", "worker"):
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["depends_on"]
        assert int(service["stop_grace_period"].removesuffix("s")) > 10


def test_passwords_are_in_no_address(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for value in service.get("environment", {}).values():
            assert "://" not in str(value) or "PASSWORD" not in str(value)


def test_every_variable_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", FILES[1].read_text()))
    shown = set(re.findall(r"^(\w+)=", Path(FILES[1]).with_name("compose.env").read_text(), re.MULTILINE))
    assert asked
    assert asked <= shown
