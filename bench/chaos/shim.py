"""The library that is preloaded into the service, and the page of memory by which it is told what to do."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path


class Shim:
    """`environment` preloads it; without a C compiler it is empty and nothing can be set."""

    def __init__(self, home: Path, files: Path) -> None:
        self.environment: dict[str, str] = {}
        control = home / "control"
        control.write_bytes(bytes(16))
        with control.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 16)
        compiler = shutil.which("cc")
        if compiler is None:
            return
        library = home / "shim.so"
        source = Path(__file__).with_name("shim.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        for path in (library, control):
            path.chmod(0o755)
        self.environment = {"LD_PRELOAD": str(library), "CHAOS_CONTROL": str(control), "CHAOS_FOLDER": str(files)}

    def set(self, *, clock: int = 0, broken: bool = False) -> None:
        """The wall clock so many seconds off; whether writes below the folder fail."""
        self._page[:] = struct.pack("qq", clock, broken)
