"""The systemd units, as systemd's own tools read them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
MOST_EXPOSED = 3.0
"""What `systemd-analyze security` says of 10; a unit that sets nothing has 9.6."""


@pytest.fixture(scope="module")
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    return program


def test_units_are_valid(analyze: str, tmp_path: Path) -> None:
    for unit in UNITS:  # only the program may be missing, which is installed elsewhere
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/tranche/bin/tranche", "/bin/true"))
    names = [tmp_path / unit.name.replace("@.", "@1.") for unit in UNITS]
    done = subprocess.run([analyze, "verify", "--man=no", *names], capture_output=True, text=True)
    own = [line for line in done.stderr.splitlines() if "tranche" in line]
    assert own == []


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_units_are_shut_in(analyze: str, unit: Path) -> None:
    done = subprocess.run([analyze, "security", "--offline=true", unit], capture_output=True, text=True)
    told = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert told, done.stdout + done.stderr
    assert float(told[1]) < MOST_EXPOSED


def test_service_and_worker_are_shut_in_alike() -> None:
    service, worker = (
        (ROOT / "deploy" / "systemd" / name).read_text() for name in ("tranche.service", "tranche-worker@.service")
    )
    assert (
        service.partition("# Shut in")[2].partition("\n\n")[0] == worker.partition("# Shut in")[2].partition("\n\n")[0]
    )
