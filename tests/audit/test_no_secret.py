"""No secret is anywhere that people or programs other than its own look: logs, errors, dumps, backups, figures.

Everything that is secret is planted, used rightly and wrongly, and then looked for.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import processes
from tests.audit.places import backup, dump, everything_in, processes_of, run_commands
from tests.audit.planting import (
    CLOSED,
    Talk,
    break_something,
    bring_data,
    invite,
    repeat_params,
    shape_webhooks,
    submit_secrets,
    use_credentials,
    use_webhooks,
)
from tests.audit.sentinels import Sentinels
from tests.collector import Collector, collecting
from tests.conftest import WORKLOADS, make_home
from tests.live import LiveServer
from tests.test_commands import Done

pytestmark = pytest.mark.own_service


@pytest.fixture(scope="module")
def planted() -> Sentinels:
    return Sentinels()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def service(planted: Sentinels, collector: Collector) -> Iterator[LiveServer]:
    """The service at debug level, with a secret in every setting that takes one, and traces that are collected."""
    settings = {
        "TRANCHE_ADMIN_KEY": planted.new("admin key"),
        "TRANCHE_SECRET_KEY": planted.new("installation secret"),
        "TRANCHE_SMTP_URL": f"smtp://mail:{planted.new('password of the mail server')}@{CLOSED}?starttls=off",
        "TRANCHE_DROPBOX_TOKEN": planted.new("dropbox token"),
        "TRANCHE_DROPBOX_URL": f"http://{CLOSED}",
        "TRANCHE_MONDAY_TOKEN": planted.new("monday token"),
        "TRANCHE_MONDAY_URL": f"http://{CLOSED}",
        "TRANCHE_MONDAY_BOARD": "1",
        "TRANCHE_HUBSPOT_TOKEN": planted.new("hubspot token"),
        "TRANCHE_HUBSPOT_URL": f"http://{CLOSED}",
        "TRANCHE_DATA_PROVIDER_TOKEN": planted.new("data provider token"),
        "TRANCHE_DATA_PROVIDER_URL": f"http://{CLOSED}",
        "TRANCHE_PLATFORM_TOKEN": planted.new("platform token"),
        "TRANCHE_PLATFORM_URL": f"http://{CLOSED}",
        "TRANCHE_AI_PROVIDER": "openai",
        "TRANCHE_AI_KEY": planted.new("ai key"),
        "TRANCHE_AI_MODEL": "none",
        "TRANCHE_AI_BASE_URL": f"http://{CLOSED}",
        "TRANCHE_OUTBOUND_ALLOW": "127.0.0.0/8",
        "TRANCHE_OIDC_ISSUER": f"http://{CLOSED}/realm",
        "TRANCHE_OIDC_CLIENT_ID": "tranche",
        "TRANCHE_PORT": str(port := processes.free_port()),
        "TRANCHE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TRANCHE_OIDC_CLIENT_SECRET": planted.new("secret for the OpenID provider"),
        "TRANCHE_METRICS_TOKEN": planted.new("metrics token"),
        "TRANCHE_LOG_LEVEL": "debug",
        "TRANCHE_LOG_FORMAT": "json",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={planted.new('header for the collector')}",
        "AWS_SECRET_ACCESS_KEY": planted.new("secret key of a bucket"),
    }
    home = make_home()
    (home / "tmp").mkdir()
    settings["TMPDIR"] = str(home / "tmp")
    server = LiveServer(home, WORKLOADS, **settings)
    try:
        server.start()
        yield server
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def test_no_secret_is_found_anywhere(service: LiveServer, planted: Sentinels, collector: Collector) -> None:
    talk, data = Talk(service), Sentinels()
    use_credentials(talk, planted)
    invite(talk, planted, service)
    use_webhooks(talk, planted)
    shape_webhooks(talk, planted)
    submit_secrets(talk, planted)
    repeat_params(talk, planted)
    bring_data(talk, data)
    break_something(talk, planted, service)
    for path in ("/metrics", "/api/audit?limit=1000", "/api/audit/export?format=csv", "/api/batches", "/api/status"):
        talk.ask("GET", path)
    for path in ("/api/users", "/api/invitations", "/api/keys", "/api/sessions", "/api/workers", "/api/storage"):
        talk.ask("GET", path)
    places = {**talk.answers, **processes_of(service), **run_commands(service, planted)}
    assert any("postgres" in place for place in places), "no process of PostgreSQL was looked at"
    kept = backup(service)
    places |= {**kept, "pg_dump": dump(service)}
    service.terminate()
    places["log"] = (service.home / "service.log").read_bytes()
    places["log of PostgreSQL"] = (service.postgres().data / "server.log").read_bytes()
    places["traces and metrics"] = b"".join(collector.bodies)
    lines = [json.loads(line) for line in places["log"].splitlines()]
    assert {"tranche.access", "tranche.errors"} <= {line["logger"] for line in lines}
    assert any("exception" in line for line in lines), "nothing failed, so nothing was proven"
    assert any(key.key == "error.type" for _, one in collector.spans for key in one.attributes), "no span failed"
    assert b"audit_log" in places["pg_dump"]
    assert sorted(planted.found_in(places)) == []
    assert sorted(planted.found_in(everything_in(service.home))) == []
    told = {name: places[name] for name in ("log", "log of PostgreSQL", "traces and metrics")} | talk.shown
    told |= {name: content for name, content in places.items() if name.startswith(("tranche ", "/proc/"))}
    assert sorted(data.found_in(told)) == []


def test_a_bucket_that_is_away_is_told_without_its_keys(tmp_path: Path) -> None:
    planted = Sentinels()
    keys = {"AWS_ACCESS_KEY_ID": planted.new("key id"), "AWS_SECRET_ACCESS_KEY": planted.new("secret key")}
    keys |= {"AWS_SESSION_TOKEN": planted.new("session token"), "AWS_ENDPOINT": f"http://{CLOSED}"}
    home = make_home()
    server = LiveServer(home, WORKLOADS, TRANCHE_STORAGE_URL="s3://bucket/below", TRANCHE_LOG_LEVEL="debug", **keys)
    try:
        server.start()
        talk = Talk(server, server.admin_key)
        sent = {"data": {"pipeline": "checksum"}, "files": [("files", ("a.txt", b"content"))]}
        refused = talk.ask("POST", "/api/jobs/batch", **sent)
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
        for path in ("/api/status", "/api/storage", "/metrics", "/readyz"):
            talk.ask("GET", path)
        places = {**talk.answers, **processes_of(server)}
        done = processes.run(["doctor", "--json"], server.environment, home)
        places["doctor"] = (done.stdout + done.stderr).encode()
        assert b"bucket" in places["doctor"]
        server.terminate()
        assert sorted(planted.found_in(places | everything_in(home))) == []
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("command", ["serve", "worker", "doctor", "backup kept"])
def test_a_database_that_is_not_reached_is_named_without_its_password(command: str, tmp_path: Path) -> None:
    planted = Sentinels()
    dsn = f"postgresql://tranche:{planted.new('password of the database')}@{CLOSED}/tranche"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    values = {"TRANCHE_HOME": str(tmp_path), "TRANCHE_PORT": "0", "DATABASE_URL": dsn, "TRANCHE_LOG_LEVEL": "debug"}
    done: Done = processes.run(command.split(), clean | values, tmp_path)
    assert done.returncode != 0
    assert list(planted.found_in({"output": (done.stdout + done.stderr).encode()})) == []
