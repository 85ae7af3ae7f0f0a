"""`tranche connections` and `tranche organisations allow`: accounts of outside services, without the HTTP API."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import typer

from app.audit.record import operator_at_shell
from app.commands import ServiceRefused
from app.commands.administration import run_with_database
from app.commands.people import find_organisation
from app.connections import administration, trial
from app.connections.contract import AnyKind
from app.connections.outbound import OutboundClients
from app.connections.schemas import AllowanceRead, ConnectionRead
from app.connections.service import Connections
from app.installation import Installation
from app.kit.errors import Problem
from app.kit.secrets.secret_type import secret_paths
from app.kit.secrets.signing import SigningKey
from app.kit.service import running
from app.settings import Settings

T = TypeVar("T")


def _run(settings: Settings, organisation: str, work: Callable[[Installation, UUID], Awaitable[T]]) -> T:
    """Run `work` for an organisation, by name; what it refuses ends the command with a sentence."""
    installation = Installation(settings)

    async def run() -> T:
        await installation.migrate()
        try:
            async with installation.database.transaction() as session:
                owner = await find_organisation(session, organisation)
            async with running([installation.get(SigningKey), installation.get(OutboundClients)]):
                return await work(installation, owner.id)
        except Problem as problem:
            raise ServiceRefused(problem.detail) from None

    return run_with_database(settings, run, installation)


def list_connections(settings: Settings, organisation: str) -> list[ConnectionRead]:
    """Every outside service, and whose account for it the organisation uses."""

    async def work(installation: Installation, organisation_id: UUID) -> list[ConnectionRead]:
        async with installation.database.transaction() as session:
            return await administration.list_accounts(session, installation.get(Connections), organisation_id)

    return _run(settings, organisation, work)


def set_connection(
    settings: Settings, organisation: str, key: str, values: Sequence[str], secret: Callable[[str], str] | None
) -> str:
    """Set an account from `name=value` and the secret, which is asked for by its title; the service's title."""

    async def work(installation: Installation, organisation_id: UUID) -> str:
        connections = installation.get(Connections)
        kind = connections.kind(key)
        account = _account(kind, values, secret)
        async with installation.database.transaction() as session:
            await administration.set_account(session, operator_at_shell(), connections, organisation_id, key, account)
        return kind.title

    return _run(settings, organisation, work)


def remove_connection(settings: Settings, organisation: str, key: str) -> str:
    """Remove the organisation's own account; the service's title."""

    async def work(installation: Installation, organisation_id: UUID) -> str:
        connections = installation.get(Connections)
        async with installation.database.transaction() as session:
            await administration.remove_account(session, operator_at_shell(), connections, organisation_id, key)
        return connections.kind(key).title

    return _run(settings, organisation, work)


def try_connection(settings: Settings, organisation: str, key: str) -> str:
    """What the service says to the organisation's own account."""

    async def work(installation: Installation, organisation_id: UUID) -> str:
        clients = installation.get(OutboundClients)
        connections, database = installation.get(Connections), installation.database
        return await trial.try_own_account(database, connections, clients, organisation_id, key)

    return _run(settings, organisation, work)


def allow(settings: Settings, organisation: str, entries: Sequence[str] | None) -> AllowanceRead:
    """Replace what an organisation may reach besides public addresses, unless `entries` is None; the list."""

    async def work(installation: Installation, organisation_id: UUID) -> AllowanceRead:
        async with installation.database.transaction() as session:
            if entries is not None:
                await administration.set_allowance(session, operator_at_shell(), organisation_id, entries)
            return await administration.read_allowance(session, installation.get(OutboundClients), organisation_id)

    return _run(settings, organisation, work)


def _account(kind: AnyKind, values: Sequence[str], secret: Callable[[str], str] | None) -> dict[str, Any]:
    fields = kind.account.model_json_schema()["properties"]
    secrets = {path[0] for path in secret_paths(kind.account)}
    account: dict[str, Any] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals:
            raise ServiceRefused(f"{text!r} is not name=value. There are: {', '.join(sorted(set(fields) - secrets))}.")
        if name in secrets:
            raise ServiceRefused(f"{name} is a secret, which others on this machine can see in an argument: {HOW}")
        account[name] = _read_value(fields.get(name, {}), name, value)
    if secret is not None:
        account |= {name: secret(fields[name].get("title", name)) for name in secrets}
    return account


HOW = "give it on standard input, or in a file with --secret-file."


def _read_value(schema: Mapping[str, Any], name: str, value: str) -> Any:
    """Text as it stands; what is no text is given as JSON."""
    if schema.get("type") not in ("object", "array", "integer", "number", "boolean"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ServiceRefused(f"Give {name} as JSON.") from None


def read_secret(file: Path | None, title: str) -> str:
    """The secret from a file, from standard input, or asked for without showing it; raises ServiceRefused."""
    if file is not None:
        secret = file.read_text(errors="replace")
    elif sys.stdin.isatty():
        secret = str(typer.prompt(title, hide_input=True, err=True))
    else:
        secret = sys.stdin.read(100_000)
    if not secret.strip():
        raise ServiceRefused(f"There is no secret: {HOW} An account without one is set with --no-secret.")
    return secret.strip()
