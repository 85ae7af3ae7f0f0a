"""`script/python` behind a proxy that opens TLS: uv is asked again with the certificates of the system."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = """#!/bin/sh
echo "$UV_SYSTEM_CERTS $UV_NATIVE_TLS $3" >>"$(dirname "$0")/asked"
[ "${UV_SYSTEM_CERTS:-}" = 1 ] || { echo "invalid peer certificate: UnknownIssuer" >&2; exit 1; }
"""


def test_uv_is_asked_again_with_the_certificates_of_the_system(tmp_path: Path) -> None:
    checkout = tmp_path / 'my "tranche", 100%'
    (checkout / "script").mkdir(parents=True)
    for name in ("script/python", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout / name)
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/bin/true")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").write_text(UV)
    (programs / "uv").chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run([checkout / "script" / "python"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ".venv/bin/python\n"), done.stderr
    assert "Trying again with the certificates of the system." in done.stderr
    asked = (programs / "asked").read_text().splitlines()
    assert [line.split()[0] for line in asked[1:]] == ["1", "1"]
    again = subprocess.run([checkout / "script" / "python"], env=environment, capture_output=True, text=True)
    assert again.returncode == 0
    assert (programs / "asked").read_text().splitlines() == asked
