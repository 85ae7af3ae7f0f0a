"""How codes are made and read; nothing here needs a database."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from app.kit.ids import new_id
from app.results.codes import ALPHABET, LENGTH, CodeMaker, code_hash, load_secret, read_code


def test_code_is_twelve_of_thirty_two_signs_and_the_same_each_time() -> None:
    maker, ids = CodeMaker(b"a" * 32), [new_id() for _ in range(500)]
    codes = [maker.code_of(link_id) for link_id in ids]
    assert len(set(ALPHABET)) == 32
    assert all(len(code) == LENGTH and set(code) <= set(ALPHABET) for code in codes)
    assert set("".join(codes)) == set(ALPHABET)
    assert len(set(codes)) == 500
    assert codes == [CodeMaker(b"a" * 32).code_of(link_id) for link_id in ids]
    assert not set(codes) & {CodeMaker(b"b" * 32).code_of(link_id) for link_id in ids}


@pytest.mark.parametrize("typed", ["K7Q2M9XD41B0", "k7q2-m9xd-4lbo", " K7Q2 M9XD 4IBO ", "k7q2m9xd41bO"])
def test_code_as_people_type_it(typed: str) -> None:
    assert read_code(typed) == "K7Q2M9XD41B0"


@pytest.mark.parametrize("typed", ["", "\x00", "\ud800" * 100, "ſ" * 12, "K7Q2M9XD41B0X"])
def test_other_texts_are_other_codes(typed: str) -> None:
    assert code_hash(read_code(typed)) != code_hash("K7Q2M9XD41B0")


def test_secret_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "result.key"
    first = load_secret(path, None)
    assert len(first) == 32
    assert load_secret(path, None) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["result.key"]
    assert load_secret(path, "set by the operator") == load_secret(tmp_path / "other", "set by the operator") != first
