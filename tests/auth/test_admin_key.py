"""The first administrator's key: made and written down, or chosen by the operator."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.auth.service import AdminKeyTooShort
from app.auth.settings import AuthSettings
from app.installation import Installation
from app.settings import read_settings
from tests.auth.people import caller
from tests.conftest import fresh_database, make_settings, serving
from tests.database import PostgresServer

CHOSEN = "chosen-by-the-operator"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_made_key_is_written_for_its_owner_only(
    tmp_path: Path, postgres: PostgresServer, open_umask: None
) -> None:
    path = tmp_path / "admin.key"
    path.touch(0o666)
    async with fresh_database(postgres) as url:
        settings = make_settings(tmp_path, url, admin_key=None, worker="off")
        for _ in range(2):  # the second start makes no other key
            async with serving(settings) as api, caller(api, path.read_text().strip()) as admin:
                assert (await admin.get("/api/session")).json()["user"]["role"] == "admin"
                assert len((await admin.get("/api/keys")).json()["keys"]) == 1
    assert _mode(path) == 0o600


async def test_chosen_key_is_read_from_the_environment(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fresh_database(postgres) as url:
        monkeypatch.setenv("TRANCHE_ADMIN_KEY", CHOSEN)
        monkeypatch.setenv("TRANCHE_HOME", str(tmp_path))
        monkeypatch.setenv("TRANCHE_WORKER", "off")
        monkeypatch.setenv("DATABASE_URL", url)
        settings = read_settings([AuthSettings], _env_file=None)
        for _ in range(2):
            async with serving(settings) as api, caller(api, CHOSEN) as admin:
                assert (await admin.get("/api/session")).json()["user"]["role"] == "admin"
                assert len((await admin.get("/api/keys")).json()["keys"]) == 1
    assert not (tmp_path / "admin.key").exists()
    assert CHOSEN not in repr((settings, settings.of(AuthSettings)))


async def test_another_chosen_key_works_beside_the_first(tmp_path: Path, postgres: PostgresServer) -> None:
    async with fresh_database(postgres) as url:
        for key in (CHOSEN, "chosen-another-time"):
            settings = make_settings(tmp_path, url, admin_key=SecretStr(key), worker="off")
            async with serving(settings) as api:
                for known in {key, CHOSEN}:
                    async with caller(api, known) as admin:
                        assert (await admin.get("/api/keys")).status_code == 200


async def test_chosen_key_that_was_revoked_is_valid_again_after_a_start(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with fresh_database(postgres) as url:
        settings = make_settings(tmp_path, url, admin_key=SecretStr(CHOSEN), worker="off")
        async with serving(settings) as api, caller(api, CHOSEN) as admin:
            key_id = (await admin.get("/api/keys")).json()["keys"][0]["id"]
            assert (await admin.delete(f"/api/keys/{key_id}")).status_code == 204
            assert (await admin.get("/api/keys")).status_code == 401
        async with serving(settings) as api, caller(api, CHOSEN) as admin:
            assert (await admin.get("/api/keys")).status_code == 200


@pytest.mark.parametrize("key", ["short", "x" * 15])
async def test_short_chosen_key_is_refused(tmp_path: Path, postgres: PostgresServer, key: str) -> None:
    async with fresh_database(postgres) as url:
        installation = Installation(make_settings(tmp_path, url, admin_key=SecretStr(key)))
        with pytest.raises(AdminKeyTooShort, match="16 characters"):
            async with installation.started(serve_http=True, run_jobs=False):
                pass
