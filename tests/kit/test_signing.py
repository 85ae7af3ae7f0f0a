"""The installation's key: made once, for nobody else to read, and the same for every process."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pydantic import SecretStr

from app.kit.signing import FILE, SigningKey


async def started(home: Path, wanted: str | None = None) -> SigningKey:
    key = SigningKey(home, SecretStr(wanted) if wanted else None)
    await key.start()
    return key


async def test_key_is_made_once_and_private(tmp_path: Path) -> None:
    first, second = await started(tmp_path), await started(tmp_path)
    assert (first.id, first.derive(b"x")) == (second.id, second.derive(b"x"))
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [FILE]


async def test_purposes_and_keys_have_nothing_in_common(tmp_path: Path) -> None:
    key, other = await started(tmp_path), await started(tmp_path, "set by the operator")
    assert len({key.derive(b"x"), key.derive(b"y"), key.derive(b"x", b"y"), other.derive(b"x")}) == 4
