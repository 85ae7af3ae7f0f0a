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
import httpx

from app.accounts.openid.provider import Provider
from app.accounts.openid.refusals import ProviderAway
from app.audit.figure_repository import backup_age
from app.audit.repository import has_audit_log
from app.commands.client import local_address, open_client
from app.commands.server import UNIX_PREFIX, listen
from app.commands.settings_of_command import all_sections
from app.files.storage import Storage
from app.installation import Installation
from app.kit import health
from app.kit.health import DATABASE, Health
from app.kit.migrations import read_rows
from app.kit.postgres.programs import PostgresNotStarted
from app.kit.postgres.system_user import NoUserForPostgres
from app.kit.private_folders import make_home, open_to_others
from app.kit.sandbox.cell.probe import MINOR, PROTECTIONS, try_everything
from app.kit.sandbox.sandbox import Sandbox
from app.kit.secrets.signing import FILE as SECRET_FILE
from app.kit.service import CannotStart, running
from app.kit.web.proxies import TrustedProxies
from app.notifications.mail import MailServer, parse_sender
from app.notifications.settings import MailSettings
from app.pipelines.registry import Registry
from app.runner.settings import RunnerSettings
from app.settings import Settings, find_unknown

State = Literal["ok", "note", "wrong"]
OLDEST_POSTGRES: Final = 15
MOST_SKEW_SECONDS: Final = 2.0
"""Due times and heartbeats go by the database's clock, the ends of sessions and tickets by this machine's."""
OLDEST_BACKUP_DAYS: Final = 2.0
HOLDS: Final = "holds, as tried from inside a child"
_MAIL_SECONDS, _CHILD_SECONDS, _HTTP_SECONDS = 5.0, 60.0, 5.0


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


async def _variables() -> Findings:
    for sentence in find_unknown(all_sections()):
        yield Finding("settings", "note", sentence)


async def _port(settings: Settings) -> Findings:
    """Whether the service could listen, or does: its own answer is told from another program's."""
    on_socket = settings.host.startswith(UNIX_PREFIX)
    where = settings.host if on_socket else f"{settings.host}, port {settings.port}"
    try:
        listen(settings.host, settings.port).close()
    except OSError as error:
        server = None if on_socket else local_address(settings)
        with suppress(httpx.HTTPError), open_client(settings, server, "") as client:
            if "X-Request-Id" in client.get("/healthz", timeout=_HTTP_SECONDS).headers:
                yield Finding("port", "ok", f"{where}: the service is listening")
                return
        yield Finding("port", "wrong", f"{where}: {error.strerror or error}")
    else:
        if on_socket:
            os.unlink(settings.host.removeprefix(UNIX_PREFIX))
        yield Finding("port", "ok", f"{where}: free")


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
        way = ", through a pooler in session mode" if installation.database.pooled else ""
        yield Finding("PostgreSQL", "ok" if enough else "wrong", f"{server}, {await _signed_in(connection)}{way}")
        rows = await read_rows(connection)
        migrations = installation.migrations
        has, newest = (", ".join(migrations.newest(ids)) or "none" for ids in (rows, migrations.heads))
        complete = installation.migrations.complete(rows)
        yield Finding("schema", "ok" if complete else "wrong", f"{has}, newest {newest}")
        before = time.time()
        there = float(await connection.fetchval("select extract(epoch from clock_timestamp())"))
        skew = there - (before + time.time()) / 2
        state: State = "ok" if abs(skew) <= MOST_SKEW_SECONDS else "wrong"
        yield Finding("clock", state, f"the database's is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}")
    finally:
        await connection.close()


async def _backup(installation: Installation) -> Findings:
    async with installation.database.transaction() as session:
        if not await has_audit_log(session):
            return
        age = await backup_age(session)
    if age is None:
        yield Finding("backup", "note", "`tranche backup` wrote none, as far as the audit log goes back")
    else:
        state: State = "ok" if (days := age / 86400) <= OLDEST_BACKUP_DAYS else "note"
        yield Finding("backup", state, f"the last one is {days:.1f} days old")


async def _signed_in(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    """By whom and how; `system_user` is there since version 16."""
    with suppress(asyncpg.PostgresError):
        if found := await connection.fetchval("select system_user"):
            method, _, name = str(found).partition(":")
            return f"signed in as {name} by {method}"
    return "signed in by trust, or before version 16"


async def _storage(installation: Installation, *, without_database: bool = False) -> Findings:
    """Where contents are, then what else the rooms would have `/readyz` say, most of which the database knows."""
    checks = installation.get(Health)
    if without_database:
        checks = checks.only({"storage", "uploads_disk"})
    storage = installation.get(Storage)
    async with running([storage]):
        found = {each.name: each for each in await checks.findings()}
        free, total = storage.disk_usage()
        full = storage.disk_state() == "full"
    room = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free"
    away, small = found.pop("storage", None), found.pop("uploads_disk", None)
    yield Finding("storage", "wrong" if away else "ok", _told(away) if away else "reached")
    yield Finding(
        "disk", "wrong" if full else "note" if small else "ok", f"{room}: {small.sentence}" if small else room
    )
    if found.keys() & {DATABASE, "schema"}:  # said above, and the others look at its tables
        return
    for name, each in found.items():
        yield Finding(name, "wrong" if each.severity == "not_ready" else "note", _told(each))


def _told(trouble: health.Finding) -> str:
    return f"{trouble.sentence} ({trouble.detail})" if trouble.detail else trouble.sentence


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


async def _provider(installation: Installation) -> Findings:
    provider = installation.get(Provider)
    if not provider.configured:
        yield Finding("OpenID provider", "ok", "none, as TRANCHE_OIDC_ISSUER is not set")
        return
    async with running([provider]):
        try:
            metadata = await provider.discovery.metadata()
        except ProviderAway as trouble:
            yield Finding("OpenID provider", "wrong", f"{provider.issuer}: {trouble}")
        else:
            detail = f"{provider.issuer} answers, signs by {', '.join(metadata.algorithms)}"
            yield Finding("OpenID provider", "ok", detail)
        secure = provider.redirect_uri.startswith("https:")
        insecure = "" if secure else "; most providers take https only"
        detail = f"register {provider.redirect_uri} with the provider{insecure}"
        yield Finding("OpenID redirect", "ok" if secure else "note", detail)


async def _pipelines(installation: Installation) -> Findings:
    yield Finding("pipelines", "ok", ", ".join(pipeline.key for pipeline in installation.get(Registry)))


async def _gather(check: str, found: Callable[[], Findings]) -> list[Finding]:
    """Its findings, with what stopped it in the end."""
    findings: list[Finding] = []
    try:
        async for finding in found():
            findings.append(finding)
    except Exception as error:
        findings.append(_stopped(check, error))
    return findings


def _stopped(check: str, error: Exception) -> Finding:
    named = f"{error}" if isinstance(error, CannotStart) else f"{type(error).__name__}: {error}"
    return Finding(check, "wrong", named.strip().partition("\n")[0])


async def _examine(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []

    async def look(check: str, found: Callable[[], Findings]) -> None:
        findings.extend(await _gather(check, found))

    await look("data folder", lambda: _folders(settings))
    await look("secret", lambda: _secret(settings))
    await look("settings", _variables)
    await look("port", lambda: _port(settings))
    try:
        installation = Installation(settings)
        make_home(settings.home, with_database=installation.postgres is not None)
    except (PostgresNotStarted, NoUserForPostgres) as error:
        return [*findings, _stopped("PostgreSQL", error)]
    except (CannotStart, OSError) as error:
        return [*findings, _stopped("settings", error)]
    try:
        async with running([installation.postgres] if installation.postgres else []):
            await look("PostgreSQL", lambda: _database(installation))
            reached = installation.database.pooled is not None
            if reached:
                await look("backup", lambda: _backup(installation))
            await look("storage", lambda: _storage(installation, without_database=not reached))
            await installation.database.stop()
    except Exception as error:
        findings.append(_stopped("PostgreSQL", error))
        await look("storage", lambda: _storage(installation, without_database=True))
    await look("sandbox", lambda: _cell(settings))
    await look("mail", lambda: _mail(settings))
    await look("proxies", lambda: _proxies(settings))
    await look("OpenID provider", lambda: _provider(installation))
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
