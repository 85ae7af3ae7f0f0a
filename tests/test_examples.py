"""The examples run as they stand: as a file in the operator's folder, and as an entry point of a package."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import io
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api, make_settings, serving
from tests.patience import within

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "pipelines"
TERMINAL = {"completed", "partial", "failed", "cancelled"}
FILES = {"one.txt": b"first\n", "two.txt": b"second\n", "again.txt": b"first\n", "empty.txt": b""}


@pytest.fixture(params=["folder", "entry point"])
def pipelines_dir(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | None:
    """The example, dropped into a folder or installed; the value is the setting TRANCHE_PIPELINES_DIR."""
    shutil.copy(EXAMPLES / "checksum.py", tmp_path / "checksum_example.py")
    if request.param == "folder":
        return tmp_path
    metadata = tmp_path / "checksum_example-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: checksum-example\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[tranche.pipelines]\nchecksum = checksum_example:pipeline\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "checksum_example", raising=False)
    importlib.invalidate_caches()
    return None


async def finished(api: Api, batch_id: str) -> dict[str, Any]:
    """The batch, once it has ended."""
    async with within(30):
        while True:
            batch: dict[str, Any] = (await api.get(f"/api/batches/{batch_id}")).json()["batch"]
            if batch["status"] in TERMINAL:
                return batch
            await asyncio.sleep(0.05)


async def test_checksum(home: Path, database_url: str, pipelines_dir: Path | None) -> None:
    async with serving(make_settings(home, database_url, pipelines_dir=pipelines_dir)) as api:
        known = {pipeline["key"]: pipeline for pipeline in (await api.get("/api/pipelines")).json()["pipelines"]}
        assert known["checksum"]["title"] == "Checksum every file"

        parts = [("files", (name, content)) for name, content in FILES.items()]
        fields = {"pipeline": "checksum", "algorithm": "sha512"}
        answer = await api.post("/api/jobs/batch", data=fields, files=parts)
        assert answer.status_code == 201, answer.text
        batch = await finished(api, answer.json()["batch_id"])

        assert batch["status"] == "partial"
        assert batch["summary_data"] == {"files": 3, "different": 2}
        jobs = {job["filename"]: job for job in batch["jobs"]}
        assert jobs["empty.txt"]["error_code"] == "EMPTY_FILE"
        for name in ("one.txt", "two.txt", "again.txt"):
            expected = {"algorithm": "sha512", "digest": hashlib.sha512(FILES[name]).hexdigest()}
            assert jobs[name]["result"] == expected
            assert [step["name"] for step in jobs[name]["steps"]] == ["hash_file"]

        archive = zipfile.ZipFile(io.BytesIO((await api.get(f"/api/batches/{batch['id']}/download")).content))
        lines = sorted(archive.read(name).decode().split()[1] for name in archive.namelist())
        assert lines == ["again.txt", "one.txt", "two.txt"]


async def test_wrong_parameters_are_refused(home: Path, database_url: str) -> None:
    async with serving(make_settings(home, database_url, pipelines_dir=EXAMPLES)) as api:
        fields = {"pipeline": "checksum", "algorithm": "rot13"}
        answer = await api.post("/api/jobs/batch", data=fields, files=[("files", ("a.txt", b"a"))])
        assert answer.status_code == 422


def test_the_readme_shows_the_example_as_it_is() -> None:
    example = (EXAMPLES / "checksum.py").read_text("utf-8")
    assert example in (EXAMPLES.parent.parent / "README.md").read_text("utf-8")
