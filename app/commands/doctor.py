"""`tranche doctor`: looks at everything an installation needs, each by itself, also beside a running service."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import aiosmtplib
import asyncpg

from app.files.storage import Storage
from app.installation import Installation
from app.kit.cell.probe import MINOR, PROTECTIONS, try_everything
from app.kit.migrations import read_rows
from app.kit.private_folders import make_home, open_to_others
from app.kit.proxies import TrustedProxies
from app.kit.sandbox import Sandbox
from app.kit.service import CannotStart, running
from app.kit.signing import FILE as SECRET_FILE
from app.notifications.mail import MailServer, parse_sender
from app.notifications.settings import MailSettings
from app.pipelines.registry import Registry
from app.runner.settings import RunnerSettings
from app.settings import Settings

State = Literal["ok", "note", "wrong"]
OLDEST_POSTGRES: Final = 15
MOST_SKEW_SECONDS: Final = 2.0
"""Due times and heartbeats go by the database's clock, the ends of sessions and tickets by this machine's."""
HOLDS: Final = "holds, as tried from inside a child"
_MAIL_SECONDS, _CHILD_SECONDS = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`note`: works, but whoever runs it should know."""

    check: str
    state: State
    detail: str


Findings = AsyncIterator[Finding]


async def _folders(settings: Settings) -> Findings:
    home = settings.home.absolute()
    if not home.exists():
        yield Finding("data folder", "ok", f"{home} will be made at the first start")
        return
    opened = [path.name for path in _private_ones(home) if open_to_others(path)]
    if opened:
        yield Finding("data folder", "wrong", f"other users can get into {', '.join(opened)} in {home}: chmod go= them")
    elif not os.access(home, os.W_OK | os.X_OK):
        yield Finding("data folder", "wrong", f"{home} cannot be written to by this user")
    elif home.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        yield Finding("data folder", "note", f"other users can list {home}, not what is in its folders")
    else:
        yield Finding("data folder", "ok", f"{home}, closed to other users")


def _private_ones(home: Path) -> Iterator[Path]:
    for name in ("files", "incoming", SECRET_FILE, "admin.key"):
        with suppress(OSError):
            if (home / name).exists():
                yield home / name
    yield from (path for path in home.glob("postgres-*") if path.is_dir())


async def _secret(settings: Settings) -> Findings:
    path = settings.home / SECRET_FILE
    if settings.secret_key:
        yield Finding("secret", "ok", "from TRANCHE_SECRET_KEY")
    elif path.exists():
        readable = os.access(path, os.R_OK) and path.stat().st_size
        detail = f"in {path}" if readable else f"{path} cannot be read, or is empty"
        yield Finding("secret", "ok" if readable else "wrong", detail)
    elif settings.database_url:
        yield Finding("secret", "note", f"{path} will be made at the start; several machines need TRANCHE_SECRET_KEY")
    else:
        yield Finding("secret", "ok", f"{path} will be made at the first start")


async def _database(installation: Installation) -> Findings:
    connection = await installation.database.connect()
    try:
        server = str(await connection.fetchval("show server_version"))
        enough = int(server.split(".")[0]) >= OLDEST_POSTGRES
        yield Finding("PostgreSQL", "ok" if enough else "wrong", f"{server}, {await _signed_in(connection)}")
        rows = await read_rows(connection)
        has, newest = (", ".join(sorted(ids)) or "none" for ids in (rows, installation.migrations.heads))
        complete = installation.migrations.complete(rows)
        yield Finding("schema", "ok" if complete else "wrong", f"{has}, newest {newest}")
        before = time.time()
        there = float(await connection.fetchval("select extract(epoch from clock_timestamp())"))
        skew = there - (before + time.time()) / 2
        state: State = "ok" if abs(skew) <= MOST_SKEW_SECONDS else "wrong"
        yield Finding("clock", state, f"the database's is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}")
    finally:
        await connection.close()


async def _signed_in(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    """By whom and how; `system_user` is there since version 16."""
    with suppress(asyncpg.PostgresError):
        if found := await connection.fetchval("select system_user"):
            method, _, name = str(found).partition(":")
            return f"signed in as {name} by {method}"
    return "signed in by trust, or before version 16"


async def _storage(installation: Installation) -> Findings:
    async with running([installation.get(Storage)]):
        trouble = await installation.get(Storage).find_trouble()
        free, total = installation.get(Storage).disk_usage()
        room = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free"
        yield Finding("storage", "wrong" if trouble else "ok", trouble or "reached")
        try:
            installation.get(Storage).check_space(0)
        except Exception as full:
            yield Finding("disk", "wrong", f"{room}, too few for uploads: {full}")
        else:
            yield Finding("disk", "ok", room)


async def _cell(settings: Settings) -> Findings:
    """What a child is kept from, tried in one. The paths are those that must never be read."""
    sandbox = Sandbox(workers=1, memory_bytes=settings.of(RunnerSettings).child_memory_bytes, cpu_seconds=10)
    closed = [str(path) for path in _private_ones(settings.home.absolute()) if path.is_file()]
    try:
        held = await sandbox.run(try_everything, closed, timeout=_CHILD_SECONDS)
    finally:
        await sandbox.stop()
    yield Finding("sandbox", "ok", "children start")
    for name, sentence in PROTECTIONS.items():
        missing: State = "note" if name in MINOR else "wrong"
        yield Finding(f"cell: {name}", "ok", HOLDS) if held[name] else Finding(f"cell: {name}", missing, sentence)
    if os.geteuid() == 0:
        yield Finding("service user", "note", "root: a user without rights would do, as in the Dockerfile")


async def _mail(settings: Settings) -> Findings:
    mail = settings.of(MailSettings)
    if not mail.smtp_url:
        yield Finding("mail", "ok", "none is sent, as TRANCHE_SMTP_URL is not set")
        return
    parse_sender(mail.mail_from)
    server = MailServer.parse(mail.smtp_url.get_secret_value())
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.use_tls,
        start_tls=server.start_tls,
        timeout=_MAIL_SECONDS,
    )
    async with client:
        yield Finding("mail", "ok", f"{server.host}:{server.port} answers")


async def _proxies(settings: Settings) -> Findings:
    entries = [entry.strip() for entry in settings.trusted_proxies.split(",") if entry.strip()]
    TrustedProxies(entries)
    if "*" in entries:
        detail = "every peer may say who a client is: right only where nobody but the proxy reaches the service"
        yield Finding("proxies", "note", detail)
    elif settings.public_url and settings.public_url.startswith("https:") and not entries:
        yield Finding("proxies", "wrong", "the public address is https, but no proxy may say who a client is")
    else:
        yield Finding("proxies", "ok", f"trusted: {', '.join(entries) or 'none'}, by {settings.proxy_header}")


async def _pipelines(installation: Installation) -> Findings:
    yield Finding("pipelines", "ok", ", ".join(pipeline.key for pipeline in installation.get(Registry)))


async def _gather(check: str, found: Callable[[], Findings]) -> list[Finding]:
    """Its findings, with what stopped it in the end."""
    findings: list[Finding] = []
    try:
        async for finding in found():
            findings.append(finding)
    except Exception as error:
        named = f"{error}" if isinstance(error, CannotStart) else f"{type(error).__name__}: {error}"
        findings.append(Finding(check, "wrong", named.strip().partition("\n")[0]))
    return findings


async def _examine(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []

    async def look(check: str, found: Callable[[], Findings]) -> None:
        findings.extend(await _gather(check, found))

    await look("data folder", lambda: _folders(settings))
    await look("secret", lambda: _secret(settings))
    try:
        installation = Installation(settings)
        make_home(settings.home, with_database=installation.postgres is not None)
    except (CannotStart, OSError) as error:
        return [*findings, Finding("settings", "wrong", str(error))]
    try:
        async with running([installation.postgres] if installation.postgres else []):
            await look("PostgreSQL", lambda: _database(installation))
    except Exception as error:
        findings.append(Finding("PostgreSQL", "wrong", f"{type(error).__name__}: {error}"))
    await look("storage", lambda: _storage(installation))
    await look("sandbox", lambda: _cell(settings))
    await look("mail", lambda: _mail(settings))
    await look("proxies", lambda: _proxies(settings))
    await look("pipelines", lambda: _pipelines(installation))
    return findings


def examine(settings: Settings) -> list[Finding]:
    """Everything that was looked at, in order."""
    return asyncio.run(_examine(settings))


def as_json(findings: list[Finding]) -> str:
    """For programs: whether nothing is wrong, and every finding."""
    told: dict[str, Any] = {"ok": is_well(findings), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(told, indent=2, ensure_ascii=False)


def is_well(findings: list[Finding]) -> bool:
    return all(finding.state != "wrong" for finding in findings)
