"""Settings, ports and databases that a start cannot use: each is one sentence, and the exit code says which."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
from asyncpg import connect_utils
from pydantic import SecretStr

from app.settings import read_settings
from tests.conftest import fresh_database
from tests.database import PostgresServer
from tests.processes import free_port
from tests.starting import Done, copy_of, is_refused, tranche

SETTINGS = [
    ({"TRANCHE_PORT": "http"}, "TRANCHE_PORT is 'http': Input should be a valid integer"),
    ({"TRANCHE_PORT": "tcp://10.0.0.1:80"}, "say enableServiceLinks: false"),
    ({"TRANCHE_WORKER": "on"}, "TRANCHE_WORKER is 'on': Input should be 'embedded' or 'off'"),
    ({"TRANCHE_PUBLIC_URL": "ftp://x"}, "TRANCHE_PUBLIC_URL is 'ftp://x': must be an address such as https://"),
    ({"TRANCHE_PUBLIC_URL": "tranche.example.org"}, "must be an address such as https://"),
    ({"TRANCHE_PUBLIC_URL": "https://x/?a"}, "nothing but a host, a port and a path"),
    ({"TRANCHE_PIPELINES_DIR": "/nowhere"}, "TRANCHE_PIPELINES_DIR is '/nowhere': there is no such folder"),
    ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL: must begin with postgresql://"),
    ({"DATABASE_URL": "postgresql://u:a/b@h/d"}, "stands in TRANCHE_DATABASE_PASSWORD"),
    ({"DATABASE_URL": "postgresql://u:a#b@h/d"}, "stands in TRANCHE_DATABASE_PASSWORD"),
    ({"DATABASE_URL": "postgresql://u:p@ss@h/d"}, "stands in TRANCHE_DATABASE_PASSWORD"),
    ({"TRANCHE_DATABASE_PASSWORD": "x"}, "needs DATABASE_URL with a user"),
    ({"TRANCHE_PORT": "0x", "TRANCHE_WORKER": "on", "TRANCHE_SMTP_TLS_": "x"}, "TRANCHE_WORKER is 'on'"),
]


@pytest.mark.parametrize(("values", "said"), SETTINGS, ids=[f"settings-{at}" for at in range(len(SETTINGS))])
def test_settings_that_are_wrong(place: Path, values: dict[str, str], said: str) -> None:
    for command in ("serve", "worker", "doctor", "migrate"):
        done = tranche(place / "unused", command, **values)
        is_refused(done, said, 2)
        assert all(name in done.stderr for name in values if name != "TRANCHE_SMTP_TLS_" or command != "doctor")
        assert not any("secret" in value and value in done.stderr for value in values.values())
    assert not (place / "unused").exists()


def test_a_demo_whose_service_does_not_start_has_one_sentence(place: Path) -> None:
    port = {"TRANCHE_PORT": str(free_port())}
    is_refused(tranche(place / "unused", "demo", DATABASE_URL="postgresql://u@127.0.0.1:1/d", **port), "cannot start")


def test_names_that_are_no_settings_are_told(place: Path, used_home: Path) -> None:
    home = copy_of(used_home, place / "typo")
    done = tranche(home, "sign-in", TRANCHE_HMOE="/x", TRANCHE_SERVICE_HOST="10.0.0.1", TRANCHE_PORT_80_TCP="x")
    assert done.stderr == "Note: there is no setting TRANCHE_HMOE; did you mean TRANCHE_HOME?\n"
    (home.parent / ".env").write_text("TRANCHE_WROKER=off\n")
    try:
        assert "did you mean TRANCHE_WORKER?" in tranche(home, "sign-in").stderr
        (home.parent / ".env").write_bytes(b"TRANCHE_WORKER=\xff\n")
        is_refused(tranche(home, "sign-in"), "the file .env cannot be read", 2)
    finally:
        (home.parent / ".env").unlink()


def test_ports_that_are_taken(place: Path, used_home: Path) -> None:
    home = copy_of(used_home, place / "port")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        is_refused(tranche(home, "serve", TRANCHE_PORT=port), f"Cannot listen on 127.0.0.1:{port}: Address already")
        other.settimeout(0.1)  # who asks it is not answered
        found = tranche(home, "doctor", TRANCHE_PORT=port).stdout
    assert re.search(r"WRONG port +127.0.0.1, port \d+: Address already in use", found)
    for host in ("192.0.2.1", "no-such-host.invalid", "unix:/nowhere/http.sock", f"unix:/tmp/{'x' * 120}"):
        is_refused(tranche(home, "serve", TRANCHE_HOST=host), "Cannot listen on")


async def test_databases_that_do_not_take_the_schema(place: Path, postgres: PostgresServer) -> None:
    database = f"refusing_{uuid4().hex[:12]}"
    await postgres.execute(f"create database {database}")
    address = postgres.address(database)

    async def start(url: str = address, *arguments: str) -> Done:
        return await asyncio.to_thread(tranche, place / "elsewhere", *(arguments or ("migrate",)), DATABASE_URL=url)

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(address)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    try:
        is_refused(await start(address, "migrate", "9999"), "There is no migration '9999'")
        await execute("create table jobs (id integer)")
        is_refused(await start(), "is in the way: give it a database of its own")
        await execute("drop table jobs")
        await execute(f"alter database {database} set default_transaction_read_only = on")
        is_refused(await start(), "takes no changes")
    finally:
        await postgres.execute(f"drop database {database} with (force)")


async def test_a_schema_of_another_version(place: Path, postgres: PostgresServer) -> None:
    async with fresh_database(postgres) as url:
        for row, said in (("tranche_9999", "A newer version wrote it"), ("0099", "version")):
            connection = await asyncpg.connect(url)
            await connection.execute("delete from alembic_version")
            await connection.execute("insert into alembic_version values ($1)", row)
            await connection.close()
            for command in ("serve", "sign-in"):
                done = await asyncio.to_thread(tranche, place / "newer", command, DATABASE_URL=url, TRANCHE_PORT="0")
                is_refused(done, said)


async def test_a_role_that_may_make_nothing(place: Path, postgres: PostgresServer) -> None:
    name, password = f"r_{uuid4().hex[:12]}", "p@ss/w#rd %?:1"
    await postgres.execute(f"create role {name} login password '{password}'")
    await postgres.execute(f"create database {name}")
    parts = urlsplit(postgres.address(name))
    address = urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))
    settings = {"DATABASE_URL": address, "TRANCHE_DATABASE_PASSWORD": password}
    try:
        done = await asyncio.to_thread(tranche, place / "role", "migrate", **settings)
        is_refused(done, "may not make what the service needs: grant create on database")
        assert password not in done.stderr
        await postgres.execute(f"grant create on database {name} to {name}")
        connection = await asyncpg.connect(postgres.address(name))
        await connection.execute(f"grant usage, create on schema public to {name}")
        await connection.close()
        done = await asyncio.to_thread(tranche, place / "role", "migrate", **settings)
        assert done.returncode == 0, done.stderr
    finally:
        await postgres.execute(f"drop database {name} with (force)")
        await postgres.execute(f"drop role {name}")


@pytest.mark.parametrize("password", ["a/b", "a#b", "p@ss", "100%25", "a b", "it's", "a:b?c&d", "ü$\\"])
def test_any_password_reaches_the_database(password: str) -> None:
    """As compose.yaml hands it over: nobody there can encode it."""
    url = SecretStr("postgresql://tranche@postgres:5432/tranche?sslmode=disable")
    settings = read_settings(database_url=url, database_password=SecretStr(password), _env_file=None)
    assert settings.database_address
    (hosts, options) = _parse(settings.database_address)
    assert hosts == [("postgres", 5432)]
    assert (options.user, options.password, options.database) == ("tranche", password, "tranche")


def _parse(dsn: str) -> tuple[list[tuple[str, int]], Any]:
    nothing = dict.fromkeys(
        "host port user password passfile database ssl service servicefile direct_tls server_settings"
        " target_session_attrs krbsrvname gsslib".split()
    )
    hosts, options = connect_utils._parse_connect_dsn_and_args(dsn=dsn, **nothing)
    return [(str(host), int(port)) for host, port in hosts], options
