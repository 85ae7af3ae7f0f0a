"""Who may connect to the embedded PostgreSQL: the service's own user, as the kernel says who a socket's peer is.

PostgreSQL reads `pg_hba.conf` and `pg_ident.conf` in its data folder (chapter "Client Authentication" of its manual).
"""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.kit.postgres.system_user import SystemUser

MAP: Final = "tranche"
_LOCAL_METHOD: Final = 3
"""Where the method stands in a line about the socket: `local DATABASE USER METHOD [OPTIONS]`."""


def close_access(data: Path, owner: SystemUser | None) -> bool:
    """Let nobody in by trust any more; whether something had to be changed, which a running server is to be told.

    Lines that an operator added stay as they are, unless they trust whoever comes. `owner` is whose the files are.
    """
    changed = False
    for name, change in (("pg_ident.conf", _with_service), ("pg_hba.conf", _without_trust)):
        path = data / name
        before = path.read_text() if path.exists() else ""
        after = change(before)
        if after != before:
            _replace(path, after, owner)
            changed = True
    return changed


def _service_user() -> str:
    with suppress(KeyError):
        return pwd.getpwuid(os.geteuid()).pw_name
    return str(os.geteuid())  # PostgreSQL itself runs as nobody without a name, and says so


def _with_service(text: str) -> str:
    line = f'{MAP} "{_service_user()}" all'
    return text if line in text.splitlines() else f"{text.rstrip()}\n{line}\n".lstrip()


def _without_trust(text: str) -> str:
    lines = [_closed(line) for line in text.splitlines()]
    return "\n".join([*lines, ""])


def _closed(line: str) -> str:
    words = line.partition("#")[0].split()
    if not words:
        return line
    if words[0] == "local":
        if words[_LOCAL_METHOD:] in (["trust"], ["peer"]):
            return " ".join([*words[:_LOCAL_METHOD], f"peer map={MAP}"])
    elif "trust" in words[4:]:  # an address may be followed by a mask
        return f"# {line}"
    return line


def _replace(path: Path, text: str, owner: SystemUser | None) -> None:
    """Whole or not at all, whatever happens meanwhile."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        if owner:
            os.fchown(file.fileno(), owner.uid, owner.gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
