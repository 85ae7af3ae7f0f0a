"""Where what we compare with is installed by `script/bench-peers`: an environment apart from the project's."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")


def folder() -> Path:
    """Of Python's and Node's packages."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("BENCH_PEERS") or Path(cache_home) / "tranche-peers")


@cache
def python(*modules: str) -> Path | None:
    """The interpreter that can import all of these, or None."""
    found = folder() / "python" / "bin" / "python"
    if not found.exists():
        return None
    done = subprocess.run([found, "-c", f"import {', '.join(modules)}"], capture_output=True, check=False)
    return found if done.returncode == 0 else None


def node(module: str) -> Path | None:
    """The folder of a package that Node can load, or None."""
    found = folder() / "node_modules" / module
    return found if found.is_dir() and shutil.which("node") else None


def program(name: str) -> str | None:
    """The path of a program of the system, also of those that only root has on the path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def nchan() -> str | None:
    """nginx, where its module nchan is there as well."""
    return program("nginx") if NCHAN.exists() else None
