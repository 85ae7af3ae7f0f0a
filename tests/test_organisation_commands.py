"""What operators do at the command line for organisations: people, accounts of outside services, limits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live import LiveServer
from tests.test_commands import Done, server, tranche

__all__ = ["server"]  # a fixture

SECRET = "sl.secret-of-acme-4821"


def shown(server: LiveServer, *arguments: object) -> Any:
    done = tranche(server, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def given(server: LiveServer, text: str, *arguments: str) -> Done:
    """A command with something on its standard input."""
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, env=server.environment, input=text, capture_output=True, text=True)


@pytest.fixture(scope="module")
def acme(server: LiveServer) -> Iterator[httpx.Client]:
    """The organisation Acme, by its administrator's key."""
    assert tranche(server, "organisations", "create", "Acme").returncode == 0
    link = tranche(server, "users", "invite", "Ada", "--organisation", "Acme", "--role", "admin").stdout.strip()
    with httpx.Client(base_url=server.url) as client:
        made = client.post("/api/invitations/accept", json={"code": link.partition("?code=")[2]}).json()
        client.headers["Authorization"] = f"Bearer {made['key']}"
        yield client


def test_an_invitation_is_listed_and_taken_back(server: LiveServer, acme: httpx.Client) -> None:
    to_acme = ("--organisation", "Acme")
    tranche(server, "users", "invite", "Ben", *to_acme, "--role", "viewer", "--email", "ben@acme.example")
    (invitation,) = shown(server, "invitations", "list", *to_acme)
    assert (invitation["name"], invitation["role"]) == ("Ben", "viewer")
    line = tranche(server, "invitations", "list", *to_acme).stdout
    assert "until" in line
    assert "ben@acme.example" in line
    elsewhere = tranche(server, "invitations", "revoke", invitation["id"])
    assert (elsewhere.returncode, "no such invitation" in elsewhere.stderr) == (1, True)
    assert tranche(server, "invitations", "revoke", invitation["id"], *to_acme).returncode == 0
    assert shown(server, "invitations", "list", *to_acme) == []
    actions = [one["action"] for one in acme.get("/api/audit?action=invitation").json()["entries"]]
    assert actions[0] == "invitation.revoked"


def test_a_user_is_signed_out_and_removed(server: LiveServer, acme: httpx.Client) -> None:
    to_acme = ("--organisation", "Acme")
    tranche(server, "users", "create", "Cleo", *to_acme)
    key = tranche(server, "keys", "create", "her key", *to_acme, "--user", "Cleo").stdout.strip()
    with httpx.Client(base_url=server.url) as browser:
        assert browser.post("/api/session", json={"key": key}).status_code == 201
        assert tranche(server, "users", "sign-out", "Cleo", *to_acme).stdout == "1 browser signed out.\n"
        assert browser.get("/api/session").status_code == 401
    kept = tranche(server, "users", "remove", "Ada", *to_acme, "--yes")
    assert (kept.returncode, "keeps an administrator" in kept.stderr) == (1, True)
    doubtful = given(server, "n\n", "users", "remove", "Cleo", *to_acme)
    assert (doubtful.returncode, "Nobody was removed." in doubtful.stderr) == (1, True)
    assert tranche(server, "users", "remove", "Cleo", *to_acme, "--yes").stdout == "Cleo is removed.\n"
    assert [user["name"] for user in shown(server, "users", "list", *to_acme)] == ["Ada"]
    assert acme.get("/api/session", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    (gone,) = acme.get("/api/audit?action=user.deleted").json()["entries"]
    assert (gone["actor_kind"], gone["target_name"]) == ("command", "Cleo")


def test_an_account_is_set_from_standard_input_and_never_shown(
    server: LiveServer, acme: httpx.Client, tmp_path: Path
) -> None:
    to_acme = ("--organisation", "Acme")
    refused = tranche(server, "connections", "set", "dropbox", f"token={SECRET}", *to_acme)
    assert (refused.returncode, "is a secret" in refused.stderr) == (1, True)
    assert SECRET not in refused.stderr
    nothing = tranche(server, "connections", "set", "dropbox", *to_acme)
    assert (nothing.returncode, "There is no secret" in nothing.stderr) == (1, True)
    done = given(server, f"{SECRET}\n", "connections", "set", "dropbox", "folder=/Batches", *to_acme)
    assert done.returncode == 0, done.stderr
    account = next(one for one in acme.get("/api/connections").json()["connections"] if one["kind"] == "dropbox")
    assert (account["source"], account["hint"], account["set_by"]) == ("own", "4821", None)
    assert account["account"]["folder"] == "/Batches"
    listed = tranche(server, "connections", "list", *to_acme)
    assert "own account" in listed.stdout
    assert "by the command line" in listed.stdout
    assert SECRET not in listed.stdout + json.dumps(shown(server, "connections", "list", *to_acme)) + done.stdout

    file = tmp_path / "token"
    file.write_text("another-secret-of-acme-9317\n")
    columns = 'columns={"status": "status1"}'
    done = tranche(server, "connections", "set", "monday", "board=12", columns, *to_acme, "--secret-file", file)
    assert done.returncode == 0, done.stderr
    assert (
        tranche(server, "connections", "set", "platform", "url=http://127.0.0.1:9", *to_acme, "--no-secret").returncode
        == 0
    )
    tried = tranche(server, "connections", "test", "platform", *to_acme)
    assert (tried.returncode, "cannot be reached" in tried.stderr) == (1, True)
    assert tranche(server, "connections", "remove", "monday", *to_acme).returncode == 0
    again = tranche(server, "connections", "remove", "monday", *to_acme)
    assert (again.returncode, "no account of its own for monday.com" in again.stderr) == (1, True)
    changes = [one["action"] for one in acme.get("/api/audit?action=service_credential").json()["entries"]]
    assert changes == ["service_credential.deleted", *["service_credential.set"] * 3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--no-secret"], "There is no service 'nowhere'. There are: ai,"),
        (["platform", "--no-secret"], "url: Field required"),
        (["platform", "url=http://127.0.0.1:9", "address=x", "--no-secret"], "address: Extra inputs are not permitted"),
        (["monday", "board", "--no-secret"], "'board' is not name=value."),
        (["monday", "columns=status", "--no-secret"], "Give columns as JSON."),
        (["dropbox", "--organisation", "Nobody"], "There is no organisation 'Nobody'."),
    ],
)
def test_an_account_that_is_none(server: LiveServer, arguments: list[str], said: str) -> None:
    done = tranche(server, "connections", "set", *arguments)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_what_an_organisation_may_reach(server: LiveServer, acme: httpx.Client) -> None:
    assert tranche(server, "organisations", "allow", "Acme").stdout == "Public addresses only.\n"
    done = tranche(server, "organisations", "allow", "Acme", "files.intranet", "10.1.0.0/16")
    assert done.stdout == "files.intranet\n10.1.0.0/16\n"
    assert acme.get("/api/connections").json()["outbound_allow"] == ["10.1.0.0/16", "files.intranet"]
    wrong = tranche(server, "organisations", "allow", "Acme", "10.1.0.0/99")
    assert (wrong.returncode, "10.1.0.0/99" in wrong.stderr) == (1, True)
    assert shown(server, "organisations", "allow", "Acme")["allow"] == ["files.intranet", "10.1.0.0/16"]
    assert tranche(server, "organisations", "allow", "Acme", "--none").stdout == "Public addresses only.\n"
    entry = acme.get("/api/audit?action=organisation.updated").json()["entries"][0]
    assert (entry["actor_kind"], entry["details"]) == ("command", {"outbound_allow": []})


def test_the_weight_of_an_organisation(server: LiveServer, acme: httpx.Client) -> None:
    assert shown(server, "organisations", "limit", "Acme")["weight"] == 1
    assert shown(server, "organisations", "limit", "Acme", "keys=20", "--weight", "2.5")["weight"] == 2.5
    limits = tranche(server, "organisations", "limit", "Acme").stdout
    assert "weight" in limits
    assert "2.5" in limits
    assert tranche(server, "organisations", "limit", "Acme", "--weight", "1000").returncode == 2
    changed = acme.get("/api/audit?action=limits.updated").json()["entries"][0]["details"]["changed"]
    assert changed["weight"] == {"from": 1.0, "to": 2.5}
    found = next(one for one in shown(server, "organisations", "list") if one["name"] == "Acme")
    assert found["figures"]["administrators"] == 1


def test_an_organisation_is_disabled_and_enabled(server: LiveServer, acme: httpx.Client) -> None:
    def state() -> Any:
        return next(one["disabled_at"] for one in shown(server, "organisations", "list") if one["name"] == "Acme")

    assert tranche(server, "organisations", "disable", "Acme").returncode == 0
    refused = acme.get("/api/batches")
    assert (refused.status_code, refused.json()["code"]) == (401, "organisation_disabled")
    assert state()
    assert "Acme  (disabled)" in tranche(server, "organisations", "list").stdout
    last = tranche(server, "organisations", "disable", "Default")
    assert (last.returncode, "keeps an operator" in last.stderr) == (1, True)
    assert tranche(server, "organisations", "enable", "Acme").returncode == 0
    assert state() is None
    assert acme.get("/api/batches").status_code == 200
