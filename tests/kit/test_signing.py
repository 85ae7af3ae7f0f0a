"""The installation's secret: made once, for nobody else to read, the same for every process, and replaced."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.kit.secrets.signing import FILE, SealBroken, SecretFileNotReadable, SecretKeyTooShort, SigningKey, rotate


async def started(home: Path, wanted: str | None = None, previous: str | None = None) -> SigningKey:
    key = SigningKey(home, SecretStr(wanted) if wanted else None, SecretStr(previous) if previous else None)
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


async def test_a_rotated_secret_counts_until_its_end(tmp_path: Path) -> None:
    before = await started(tmp_path)
    until = rotate(tmp_path, timedelta(days=2))
    assert until - datetime.now(UTC) > timedelta(days=1, hours=23)
    after = await started(tmp_path)
    assert after.id != before.id
    assert [secret.id for secret in after.valid()] == [after.id, before.id]
    found = after.find(before.id)
    assert found
    assert (found.derive(b"x"), found.until) == (before.derive(b"x"), until)
    rotate(tmp_path, timedelta(days=2))
    assert [secret.id for secret in (await started(tmp_path)).valid()][1:] == [after.id, before.id]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [FILE]
    lines = (tmp_path / FILE).read_text().splitlines()
    ended = [lines[0], f"{lines[1].split()[0]} 2020-01-01T00:00:00Z"]
    (tmp_path / FILE).write_text("\n".join(ended))
    assert len((await started(tmp_path)).valid()) == 1
    rotate(tmp_path, timedelta(days=1))
    assert "2020" not in (tmp_path / FILE).read_text()


async def test_without_an_overlap_nothing_of_before_counts(tmp_path: Path) -> None:
    await started(tmp_path)
    rotate(tmp_path, timedelta(days=2))
    rotate(tmp_path, timedelta())
    assert len((tmp_path / FILE).read_text().splitlines()) == 1


async def test_settings_name_the_secret_before(tmp_path: Path) -> None:
    before, after = "the first secret of an operator", "the next secret of an operator"
    old, both = await started(tmp_path, before), await started(tmp_path, after, before)
    assert [secret.id for secret in both.valid()] == [both.id, old.id]
    # A process that has not been started again may know the next one already.
    early = await started(tmp_path, before, after)
    assert early.id == old.id
    assert early.find(both.id)
    in_the_file = await started(tmp_path, None, before)
    assert in_the_file.find(old.id)
    with pytest.raises(SecretKeyTooShort):
        await started(tmp_path, after, "short")


@pytest.mark.parametrize("line", ["one-secret-without-its-end", "one-secret-and soon", "short 2030-01-01T00:00:00Z"])
async def test_a_file_that_says_nonsense_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / FILE).write_text(f"the-secret-that-counts-now\n{line}\n")
    with pytest.raises((SecretFileNotReadable, SecretKeyTooShort)) as refused:
        await started(tmp_path)
    assert line.split()[0] not in str(refused.value)


async def test_what_is_sealed_opens_with_the_same_secret_and_purpose_only(tmp_path: Path) -> None:
    secret, other = (await started(tmp_path)).current, (await started(tmp_path, "set by the operator")).current
    sealed = secret.seal(b"content", b"purpose", b"1")
    assert secret.unseal(sealed, b"purpose", b"1") == b"content"
    assert b"content" not in sealed
    assert sealed != secret.seal(b"content", b"purpose", b"1")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong in (lambda: other.unseal(sealed, b"purpose", b"1"), lambda: secret.unseal(sealed, b"purpose", b"2")):
        with pytest.raises(SealBroken):
            wrong()
    for broken in (changed, sealed[:5], b""):
        with pytest.raises(SealBroken):
            secret.unseal(broken, b"purpose", b"1")


async def test_no_secret_shows_in_what_is_printed_of_it(tmp_path: Path) -> None:
    key = await started(tmp_path, "set by the operator")
    assert "operator" not in f"{key!r} {key.current!r} {key.current}"
