"""The command line, as a person or a script uses it, against the service in a process of its own."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import typer

from app.__main__ import app
from tests import processes
from tests.conftest import make_home
from tests.live import LiveServer

WORKLOADS = Path(__file__).resolve().parent.parent / "examples" / "pipelines"
CONTENT = b"one file\n"
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """One service for the module: no test here kills it."""
    home = make_home()
    live = LiveServer(home, WORKLOADS)
    try:
        live.start()
        yield live
    finally:
        live.destroy()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A file whose name Rich would take for markup."""
    path = tmp_path / "one [red] file [final].txt"
    path.write_bytes(CONTENT)
    return path


def run(home: Path, port: int, *arguments: object) -> Done:
    """Run `tranche` with a home and a port, away from the checkout's .env."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    values = {"TRANCHE_HOME": str(home), "TRANCHE_PORT": str(port), "COLUMNS": "300"}
    done = processes.run([*map(str, arguments)], clean | values, home)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def tranche(server: LiveServer, *arguments: object) -> Done:
    return run(server.home, server.port, *arguments)


def submit(server: LiveServer, *arguments: object) -> Done:
    return tranche(server, "submit", "--pipeline", "checksum", *arguments)


def submitted_id(server: LiveServer, sample: Path) -> str:
    done = submit(server, sample)
    assert done.returncode == 0, done.stderr
    return str(UUID(done.stdout.split()[0]))


def test_submit_watch_and_save(server: LiveServer, sample: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.zip"
    done = submit(server, sample, "--param", "algorithm=sha512", "--name", "By hand", "--watch", "--output", output)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"completed  {sample.name}" in done.stdout
    with zipfile.ZipFile(output) as archive:
        assert archive.testzip() is None
        [name] = archive.namelist()
        assert archive.read(name).split()[0].decode() == hashlib.sha512(CONTENT).hexdigest()


def test_a_failed_job_is_told_by_the_exit_code(server: LiveServer, sample: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    done = submit(server, sample, empty, "--watch")
    assert done.returncode == 1
    assert "EMPTY_FILE" in done.stdout
    assert "The file has no content." in done.stdout
    assert f"completed  {sample.name}" in done.stdout


def test_watch_a_batch_that_was_submitted_before(server: LiveServer, sample: Path) -> None:
    batch_id = submitted_id(server, sample)
    done = tranche(server, "watch", batch_id)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "completed" in done.stdout
    assert tranche(server, "watch", batch_id).returncode == 0, "an ended batch is shown again"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--key", "trn_this-key-is-not-known"], "invalid_key"),
        (["--pipeline", "[/nothing]"], "unknown_pipeline"),
        (["--param", "algorithm=rot13"], "invalid_params"),
        (["--param", "algorithm"], "is not name=value"),
        (["--url", "ftp://files.example.com/a"], "validation"),
    ],
)
def test_refusals_are_one_readable_line(server: LiveServer, sample: Path, arguments: list[str], said: str) -> None:
    done = submit(server, sample, *arguments)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


def test_watch_refuses_what_is_not_there(server: LiveServer, sample: Path) -> None:
    done = tranche(server, "watch", uuid4())
    assert done.returncode == 1
    assert "There is no such batch." in done.stderr
    assert tranche(server, "watch", "not-an-id").returncode == 2
    assert tranche(server, "watch", submitted_id(server, sample), "--key", "trn_unknown").returncode == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "http://no-such-host.invalid", "nonsense"])
def test_no_server_is_said_at_once(tmp_path: Path, sample: Path, address: str) -> None:
    address = address.format(port=processes.free_port())
    for command in (["submit", sample], ["watch", uuid4()]):
        done = run(tmp_path, 8000, *command, "--server", address)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "does not answer" in done.stderr


def test_keys_of_a_second_organisation(server: LiveServer, sample: Path) -> None:
    batch_id = submitted_id(server, sample)
    made = tranche(server, "keys", "create", "[ci] robot", "--organisation", "Other", "--user", "robot")
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {secret}"}) as other:
        session = other.get("/api/session").json()
        assert (session["organisation"]["name"], session["user"]["role"]) == ("Other", "member")
        assert other.get(f"/api/batches/{batch_id}").status_code == 404
        assert other.get("/api/batches").json()["batches"] == []
        assert submit(server, sample, "--key", secret, "--watch").returncode == 0
        assert len(other.get("/api/batches").json()["batches"]) == 1

        listed = tranche(server, "keys", "list", "--organisation", "Other").stdout
        assert "[ci] robot" in listed
        assert f"...{secret[-4:]}" in listed
        assert secret not in listed
        assert "robot" not in tranche(server, "keys", "list").stdout

        key_id = listed.split()[0]
        assert tranche(server, "keys", "revoke", key_id).returncode == 0
        assert other.get("/api/session").status_code == 401
        assert tranche(server, "keys", "list", "--organisation", "Other").stdout == ""


def test_keys_are_narrowed_and_rotated(server: LiveServer) -> None:
    narrow = ("--scope", "read", "--pipeline", "checksum", "--expires-days", "2")
    first = tranche(server, "keys", "create", "narrow", "--organisation", "Other", *narrow).stdout.strip()
    (row,) = [
        line
        for line in tranche(server, "keys", "list", "--organisation", "Other").stdout.splitlines()
        if "narrow" in line
    ]
    assert re.search(r"read; checksum; until \d{4}-", row)
    second = tranche(server, "keys", "rotate", row.split()[0]).stdout.strip()
    for secret in (first, second):
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {secret}"}) as client:
            session = client.get("/api/session").json()
        assert (session["permissions"], session["pipelines"]) == (["read"], ["checksum"])
    assert first != second
    third = tranche(server, "keys", "rotate", row.split()[0], "--overlap-hours", "0").stdout.strip()
    for secret, status in ((first, 401), (second, 200), (third, 200)):
        assert (
            httpx.get(f"{server.url}/api/session", headers={"Authorization": f"Bearer {secret}"}).status_code == status
        )
    assert "has ended" in tranche(server, "keys", "rotate", row.split()[0]).stderr


def test_the_administrators_key_is_replaced_where_it_is_written(server: LiveServer) -> None:
    before = server.admin_key
    row = next(line for line in tranche(server, "keys", "list").stdout.splitlines() if "first admin key" in line)
    made = tranche(server, "keys", "rotate", row.split()[0]).stdout.strip()
    assert before != made == server.admin_key
    assert (server.home / "admin.key").stat().st_mode & 0o777 == 0o600
    assert tranche(server, "keys", "list").returncode == 0
    with server.client() as client:
        assert client.get("/api/session").status_code == 200


def test_a_sign_in_link_beside_the_running_service(server: LiveServer) -> None:
    link = tranche(server, "sign-in").stdout.strip()
    address, _, token = link.partition("?token=")
    assert address == f"{server.url}/sign-in"
    assert httpx.get(link).status_code == 200
    assert [httpx.post(address, data={"token": token}).status_code for _ in range(2)] == [303, 410]
    nobody = tranche(server, "sign-in", "--user", "nobody")
    assert (nobody.returncode, "no such user" in nobody.stderr) == (1, True)


def test_the_installations_secret_is_replaced(server: LiveServer) -> None:
    (before,) = (server.home / "secret.key").read_text().split()
    done = tranche(server, "secret", "rotate", "--overlap-days", "7")
    assert "Start every process" in done.stdout
    lines = (server.home / "secret.key").read_text().splitlines()
    assert (len(lines), lines[1].split()[0]) == (2, before)
    assert lines[0] not in done.stdout


def test_keys_that_are_not_there(server: LiveServer) -> None:
    unknown = tranche(server, "keys", "revoke", uuid4())
    assert unknown.returncode == 1
    assert "no such key" in unknown.stderr
    nobody = tranche(server, "keys", "list", "--organisation", "Nobody")
    assert nobody.returncode == 1
    assert "Nobody" in nobody.stderr


def test_migrate_down_and_up_on_a_home_of_its_own() -> None:
    home = make_home()
    try:
        assert "at tranche_0" in run(home, 0, "migrate").stdout
        assert "at base" in run(home, 0, "migrate", "base").stdout
        assert "at tranche_0" in run(home, 0, "migrate", "head").stdout
        assert run(home, 0, "doctor").returncode == 0
    finally:
        LiveServer(home, WORKLOADS).destroy()
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("command", [["keys", "list"], ["keys", "create", "x"], ["migrate"]])
def test_a_database_that_is_away_is_one_readable_line(tmp_path: Path, command: list[str]) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{processes.free_port()}/nothing"
    (tmp_path / ".env").write_text(f"DATABASE_URL={nowhere}\n")
    done = run(tmp_path, 0, *command)
    assert done.returncode == 1
    [line] = (done.stdout + done.stderr).splitlines()
    assert "The database cannot be reached" in line


def test_settings_that_are_wrong_are_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TRANCHE_WORKER=sometimes\n")
    done = run(tmp_path, 0, "doctor")
    assert done.returncode == 2
    assert done.stderr == "TRANCHE_WORKER is 'sometimes': Input should be 'embedded' or 'off'\n"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRANCHE_SMTP_URL", "mail.example", "TRANCHE_SMTP_URL must look like"),
        ("TRANCHE_STORAGE_URL", "shelf://here", "TRANCHE_STORAGE_URL cannot be used"),
        ("TRANCHE_SECRET_KEY", "short", "TRANCHE_SECRET_KEY must have"),
        ("TRANCHE_PLATFORM_FILE", "/not/there.json", "/not/there.json cannot be read: No such file or directory"),
        ("TRANCHE_MONDAY_COLUMNS", "{status", "Expecting property name"),
        (
            "TRANCHE_HOME",
            "/proc/nothing",
            "cannot start: the data folder /proc/nothing cannot be made: No such file or directory",
        ),
        ("DATABASE_URL", "postgresql://127.0.0.1:1/nothing", "the database cannot be reached (ConnectionRefusedError"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_wrong_settings_are_told_in_a_sentence(command: str, name: str, value: str, said: str, tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    # Not reached either way: what is wrong is found before the database is, or is the database.
    nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/nothing", "TRANCHE_HOME": str(tmp_path), "TRANCHE_PORT": "0"}
    values = clean | nowhere | {name: value}
    done = processes.run([command], values, tmp_path)
    assert done.returncode in (1, 2)
    assert said in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2, done.stderr


def commands(group: Any, path: str = "tranche") -> Iterator[tuple[str, Any]]:
    for name, command in getattr(group, "commands", {}).items():
        yield f"{path} {name}", command
        yield from commands(command, f"{path} {name}")


def test_every_command_argument_and_option_says_what_it_is() -> None:
    silent = []
    for path, command in commands(typer.main.get_command(app)):
        if not re.fullmatch(r"[A-Z].*[.]", command.help or "", re.DOTALL):
            silent.append(path)
        silent += [f"{path} {param.name}" for param in command.params if not getattr(param, "help", None)]
    assert silent == []


def test_help_is_written_for_users(tmp_path: Path) -> None:
    done = run(tmp_path, 0, "--help")
    assert "Tranche: submit many things" in done.stdout
    assert "import" not in done.stdout.replace("import-jobs", "")


def test_organisations_and_users(server: LiveServer) -> None:
    made = tranche(server, "organisations", "create", "Acme").stdout.strip()
    assert UUID(made)
    again = tranche(server, "organisations", "create", "Acme")
    assert (again.returncode, "There is an organisation 'Acme' already." in again.stderr) == (1, True)
    link = tranche(server, "users", "invite", "Ada", "--organisation", "Acme", "--role", "admin").stdout.strip()
    code = link.partition("?code=")[2]
    with httpx.Client(base_url=server.url) as stranger:
        key = stranger.post("/api/invitations/accept", json={"code": code}).json()["key"]
        ada = {"Authorization": f"Bearer {key}"}
        assert stranger.get("/api/users", headers=ada).json()["users"][0]["name"] == "Ada"
        refused = tranche(server, "users", "change", "Ada", "--organisation", "Acme", "--deactivate")
        assert (refused.returncode, "keeps an administrator" in refused.stderr) == (1, True)
        made = tranche(server, "users", "create", "nightly", "--organisation", "Acme", "--role", "admin").stdout.strip()
        done = tranche(server, "users", "change", "Ada", "--organisation", "Acme", "--deactivate")
        assert done.stdout == "Ada is deactivated, admin.\n"
        assert stranger.get("/api/users", headers=ada).status_code == 401
    done = tranche(server, "users", "change", made, "--organisation", "Acme", "--role", "viewer", "--operator")
    assert (done.returncode, "keeps an administrator" in done.stderr) == (1, True)
    assert tranche(server, "organisations", "rename", "Acme", "Acme Ltd").returncode == 0
    assert "Acme Ltd" in tranche(server, "organisations", "list").stdout
    listed = tranche(server, "users", "list", "--organisation", "Acme Ltd").stdout
    assert re.search(r"admin +deactivated +Ada", listed), listed
