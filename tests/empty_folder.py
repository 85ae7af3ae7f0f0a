"""An installed `tranche` in an empty folder with nothing in its environment: it serves, and its demo passes.

Run as `python -m tests.empty_folder COMMAND...`, which is how `script/wheel` tries what pip and pipx installed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from tests.patience import patient
from tests.processes import free_port

DEFAULT_PATH = "/usr/bin:/bin"


def serve_and_try(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Start the service in the folder, ask for its pages, run the demo and the doctor, and end it."""
    values = {"PATH": DEFAULT_PATH, "TRANCHE_PORT": str(free_port()), **environment}
    with subprocess.Popen([*command, "serve"], cwd=folder, env=values, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout
            greeting = "".join(service.stdout.readline() for _ in range(5))
            assert "/sign-in?token=" in greeting, greeting
            [address] = re.findall(r"is ready at (\S+)", greeting)
            with httpx.Client(base_url=address, trust_env=False, timeout=patient(10)) as client:
                for page in ("/", "/readyz", "/docs", "/openapi.json"):
                    assert client.get(page).status_code == 200, page
            for arguments in (["demo"], ["doctor"], ["sign-in"]):
                done = subprocess.run(
                    [*command, *arguments], cwd=folder, env=values, capture_output=True, text=True, timeout=patient(90)
                )
                said = done.stdout + done.stderr
                assert "Traceback" not in said, said
                # What a kernel lacks is none of the wheel's faults, and makes the doctor's code 1.
                assert done.returncode == 0 or (arguments == ["doctor"] and "WRONG cell" in said), said
        finally:
            service.terminate()
    assert service.returncode == 0
    assert {path.name for path in folder.iterdir()} == {"data"}


def main() -> None:
    # PostgreSQL's own user must be able to pass.
    with tempfile.TemporaryDirectory(prefix="tranche empty ") as place:
        Path(place).chmod(0o755)
        began = time.monotonic()
        serve_and_try(sys.argv[1:], Path(place), {})
        print(f"{' '.join(sys.argv[1:])}: serves from an empty folder ({time.monotonic() - began:.1f} s)")


if __name__ == "__main__":
    main()
