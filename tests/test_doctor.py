"""`tranche doctor`: beside a running service, on a new machine, and with each thing that may be wrong."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.audit.actions import Action
from app.audit.models import AuditEntry
from app.commands import doctor
from app.installation import Installation
from app.kit.sandbox.cell.landlock import landlock_version
from app.kit.sandbox.cell.probe import PROTECTIONS
from app.kit.sandbox.cell.seccomp import is_known
from app.notifications.settings import MailSettings
from app.settings import read_settings
from tests import processes
from tests.conftest import make_settings
from tests.live import LiveServer
from tests.patience import patient
from tests.test_commands import run

OPENID = "\n".join(
    [
        "TRANCHE_PUBLIC_URL=http://127.0.0.1:8000",
        "TRANCHE_OIDC_ISSUER=http://127.0.0.1:9",
        "TRANCHE_OIDC_CLIENT_ID=tranche",
    ]
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(0o700)
    return tmp_path / "data"


def findings(home: Path, *lines: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """What doctor found with these settings, and the code that it left with. There is no database."""
    nowhere = f"DATABASE_URL=postgresql://nobody@127.0.0.1:{processes.free_port()}/nothing"
    (home / ".env").write_text("\n".join([nowhere, *lines]))
    done = run(home, 0, "doctor", "--json")
    told = json.loads(done.stdout)
    assert told["ok"] == (done.returncode == 0)
    return done.returncode, {each["check"]: each for each in told["findings"]}


def test_beside_the_running_service(live_server: LiveServer) -> None:
    done = run(live_server.home, live_server.port, "doctor", "--json")
    found = {each["check"]: each for each in json.loads(done.stdout)["findings"]}
    assert found.keys() >= {"data folder", "secret", "PostgreSQL", "schema", "clock", "storage", "disk", "sandbox"}
    assert found.keys() >= {"mail", "proxies", "pipelines", *(f"cell: {name}" for name in PROTECTIONS)}
    assert "by peer" in found["PostgreSQL"]["detail"]
    wrong = [each for each in found.values() if each["state"] == "wrong"]
    if landlock_version() and is_known():
        assert wrong == []
    assert httpx.get(f"{live_server.url}/readyz").status_code == 200
    lines = run(live_server.home, live_server.port, "doctor").stdout.splitlines()
    assert len(lines) == len(found)


def test_the_data_folder_of_a_running_service_is_closed(live_server: LiveServer) -> None:
    not_its_own = ("run", ".env", "service.log")  # PostgreSQL's own user passes the first, the tests made the others
    paths = [path for path in live_server.home.rglob("*") if "postgres-" not in str(path)]
    assert [path for path in paths if path.stat().st_mode & 0o077 and path.name not in not_its_own] == []


def test_a_database_that_is_away_hides_nothing_else(home: Path) -> None:
    code, found = findings(home)
    assert code == 1
    assert [each["check"] for each in found.values() if each["state"] == "wrong"] == ["PostgreSQL"]


@pytest.mark.parametrize(
    ("setting", "check", "said"),
    [
        ("TRANCHE_SMTP_URL=mail.example", "mail", "must look like"),
        ("TRANCHE_SMTP_URL=smtp://127.0.0.1:9", "mail", "127.0.0.1"),
        (OPENID, "OpenID provider", "127.0.0.1 cannot be asked"),
        (OPENID.partition("\n")[2], "OpenID provider", "needs TRANCHE_PUBLIC_URL"),
        (OPENID, "OpenID redirect", "register http://127.0.0.1:8000/sign-in/oidc/callback with the provider"),
        ("TRANCHE_TRUSTED_PROXIES=10.0.0.0/8,here", "proxies", "'here' is no address"),
    ],
)
def test_settings_that_are_wrong(home: Path, setting: str, check: str, said: str) -> None:
    code, found = findings(home, setting)
    assert code == 1
    assert found[check]["state"] == ("note" if check == "OpenID redirect" else "wrong")
    assert said in found[check]["detail"]


def test_a_mail_server_that_answers(home: Path) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            ends = line.upper().startswith(b"QUIT")
            writer.write(b"221 bye\r\n" if ends else b"250 here\r\n")
            await writer.drain()
            if ends:
                break
        writer.close()

    async def look() -> list[doctor.Finding]:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = read_settings(
            [MailSettings], home=home, smtp_url=f"smtp://127.0.0.1:{port}?starttls=off", _env_file=None
        )
        async with server:
            return await doctor._gather("mail", lambda: doctor._mail(settings))

    assert [(each.state, "answers" in each.detail) for each in asyncio.run(look())] == [("ok", True)]


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda home: (home / "secret.key").chmod(0o644), "data folder"),
        (lambda home: (home / "files").chmod(0o755), "data folder"),
        (lambda home: (home / "secret.key").write_text(""), "secret"),
    ],
)
def test_folders_and_keys_that_are_not_as_they_should_be(
    home: Path, spoil: Callable[[Path], object], check: str
) -> None:
    (home / "files").mkdir(0o700)
    (home / "secret.key").write_text("0123456789abcdef")
    (home / "secret.key").chmod(0o600)
    settings = read_settings(home=home, _env_file=None)

    def states() -> dict[str, str]:
        async def look() -> list[doctor.Finding]:
            found = await doctor._gather("data folder", lambda: doctor._folders(settings))
            return found + await doctor._gather("secret", lambda: doctor._secret(settings))

        return {each.check: each.state for each in asyncio.run(look())}

    assert states() == {"data folder": "ok", "secret": "ok"}
    spoil(home)
    assert states()[check] == "wrong"


def test_a_clock_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch, live_server: LiveServer) -> None:
    real = doctor.time.time
    monkeypatch.setattr(doctor.time, "time", lambda: real() + 60)
    settings = read_settings(home=live_server.home, _env_file=None)
    found = {each.check: each for each in doctor.examine(settings)}
    assert found["clock"].state == "wrong"
    assert "behind" in found["clock"].detail


WITHOUT_LANDLOCK = """
import asyncio, ctypes, errno, logging, os, struct
from app.kit.sandbox.cell.probe import try_everything
from app.kit.sandbox.cell.system_calls import PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, prctl
from app.kit.sandbox.sandbox import Sandbox
logging.basicConfig(format="%(message)s")
# landlock_create_ruleset is answered as by a kernel without it.
code = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (6, 0, 0, 0x50000 | errno.ENOSYS), (6, 0, 0, 0x7FFF0000)]
content = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in code))
prctl(PR_SET_NO_NEW_PRIVS, 1)
program = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(content)))
prctl(PR_SET_SECCOMP, 2, ctypes.addressof(program))
async def run():
    sandbox = Sandbox(workers=1, memory_bytes=1 << 28, cpu_seconds=10)
    await sandbox.start()
    held = await sandbox.run(try_everything, timeout=60)
    print(sorted(name for name in held if not held[name]))
    await sandbox.stop()
asyncio.run(run())
"""


@pytest.mark.skipif(not is_known(), reason="this kernel takes no seccomp filter, or not for this processor")
def test_what_a_kernel_lacks_is_said_at_the_start_and_children_work() -> None:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WITHOUT_LANDLOCK]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=patient(60))
    assert "['files'" in done.stdout, done.stderr
    assert "a protection of children is missing (files)" in done.stderr


async def test_how_old_the_last_backup_is(home: Path, database_url: str) -> None:
    installation = Installation(make_settings(home, database_url))

    async def look() -> tuple[str, str]:
        [finding] = [each async for each in doctor._backup(installation)]
        return finding.state, finding.detail

    async def made(days: int) -> None:
        async with installation.database.transaction() as session:
            then = datetime.now(UTC) - timedelta(days=days)
            action = Action.BACKUP_CREATED.value
            session.add(AuditEntry(actor_kind="command", action=action, outcome="success", at=then))

    try:
        state, detail = await look()
        assert (state, "wrote none" in detail) == ("note", True)
        await made(3)
        assert await look() == ("note", "the last one is 3.0 days old")
        await made(1)
        assert await look() == ("ok", "the last one is 1.0 days old")
    finally:
        await installation.database.stop()
