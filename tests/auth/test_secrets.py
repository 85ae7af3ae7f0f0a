"""Secrets stay where they belong: not in the database, not in a log, not in an error."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from itertools import chain

import httpx
import pytest

from tests.conftest import WORKLOADS, make_home
from tests.live import LiveServer

ADMIN = "sentinel-of-the-administrator"
WRONG = "sentinel-of-a-wrong-key"


@pytest.fixture
def talkative() -> Iterator[LiveServer]:
    """A service that logs all it can."""
    server = LiveServer(make_home(), WORKLOADS, TRANCHE_ADMIN_KEY=ADMIN, TRANCHE_LOG_LEVEL="debug")
    try:
        server.start()
        yield server
    finally:
        server.destroy()
        shutil.rmtree(server.home, ignore_errors=True)


def dump(server: LiveServer) -> bytes:
    """Everything that the database holds, as SQL."""
    postgres = server.postgres()
    done = subprocess.run([postgres.bin / "pg_dump", "--inserts", postgres.dsn], capture_output=True, check=True)
    assert b"INSERT INTO public.api_keys" in done.stdout
    return done.stdout


def get_secrets(server: LiveServer) -> dict[str, str]:
    """One of each kind of secret, and a string that is none."""
    with httpx.Client(base_url=server.url) as client:
        session = client.post("/api/session", json={"key": ADMIN})
        made = client.post("/api/keys", json={"name": "nightly"}, headers={"Authorization": f"Bearer {ADMIN}"})
    return {
        "the chosen key": ADMIN,
        "a made key": made.json()["key"],
        "a session": session.cookies["tranche_session"],
        "the link": server.sign_in_url.partition("token=")[2],
        "a wrong key": WRONG,
    }


def use(server: LiveServer, secrets: Iterable[str]) -> list[httpx.Response]:
    """Use every secret in every place that takes one, as it is and with a typing error."""
    answers = []
    for secret in chain.from_iterable((known, f"{known}-") for known in secrets):
        for credential in ({"Authorization": f"Bearer {secret}"}, {"Cookie": f"tranche_session={secret}"}):
            with httpx.Client(base_url=server.url, headers=credential) as client:
                answers += [client.get("/api/keys"), client.post("/api/batches", json={"pipeline": "none"})]
        with httpx.Client(base_url=server.url) as client:
            answers += [
                client.get("/sign-in", params={"token": secret}),
                client.post("/sign-in", data={"token": secret}),
                client.post("/api/session", json={"key": secret}),
                client.post("/api/session", json={"key": [secret]}),
                client.post(
                    "/api/session", content=f'{{"key": "{secret}', headers={"Content-Type": "application/json"}
                ),
            ]
    return answers


def break_and_mend(server: LiveServer, secrets: Iterable[str]) -> list[httpx.Response]:
    """Use them while the tables that know them are gone, which is an error of ours that is logged in full."""
    postgres = server.postgres()
    tables = ("api_keys", "sessions")
    for before, after in (("", "_gone"), ("_gone", "")):
        for table in tables:
            statement = f"alter table {table}{before} rename to {table}{after}"
            subprocess.run([postgres.bin / "psql", "-qc", statement, postgres.dsn], check=True)
        if after:
            answers = use(server, secrets)
    return answers


def test_no_secret_leaves_its_place(talkative: LiveServer) -> None:
    secrets = get_secrets(talkative)
    answers = use(talkative, secrets.values())
    assert {answer.status_code for answer in answers} == {200, 201, 303, 400, 401, 410, 422}
    broken = break_and_mend(talkative, secrets.values())
    assert {answer.status_code for answer in broken} == {400, 422, 500}
    dumped = dump(talkative)
    talkative.terminate()
    places = {
        "the database": dumped,
        "the log": (talkative.home / "service.log").read_bytes(),
        "the database's log": (talkative.postgres().data / "server.log").read_bytes(),
        # The page of a link has the link's own token in its form.
        "an answer": "\n".join(
            answer.text for answer in answers + broken if answer.request.url.path != "/sign-in"
        ).encode(),
    }
    assert places["the log"].count(b"failed") > 20
    found = [
        (what, where)
        for what, secret in secrets.items()
        for where, text in places.items()
        if secret.encode() in text or secret.encode().hex().encode() in text
    ]
    assert found == []
    for what in ("the chosen key", "a made key", "a session"):
        assert hashlib.sha256(secrets[what].encode()).hexdigest().encode() in dumped, what
