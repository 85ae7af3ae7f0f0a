"""How codes are made and read; nothing here needs a database."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.kit.ids import new_id
from app.kit.secrets.signing import SigningKey
from app.results.codes import ALPHABET, LENGTH, code_hash, make_code, read_code


async def key_of(home: Path, text: str) -> SigningKey:
    key = SigningKey(home, SecretStr(text))
    await key.start()
    return key


async def test_code_is_twelve_of_thirty_two_signs_and_the_same_each_time(tmp_path: Path) -> None:
    key, ids = await key_of(tmp_path, "a" * 32), [new_id() for _ in range(500)]
    codes = [make_code(key.current, link_id) for link_id in ids]
    assert len(set(ALPHABET)) == 32
    assert all(len(code) == LENGTH and set(code) <= set(ALPHABET) for code in codes)
    assert set("".join(codes)) == set(ALPHABET)
    assert len(set(codes)) == 500
    again, other = await key_of(tmp_path, "a" * 32), await key_of(tmp_path, "b" * 32)
    assert codes == [make_code(again.current, link_id) for link_id in ids]
    assert not set(codes) & {make_code(other.current, link_id) for link_id in ids}


@pytest.mark.parametrize("typed", ["K7Q2M9XD41B0", "k7q2-m9xd-4lbo", " K7Q2 M9XD 4IBO ", "k7q2m9xd41bO"])
def test_code_as_people_type_it(typed: str) -> None:
    assert read_code(typed) == "K7Q2M9XD41B0"


@pytest.mark.parametrize("typed", ["", "\x00", "\ud800" * 100, "ſ" * 12, "K7Q2M9XD41B0X"])
def test_other_texts_are_other_codes(typed: str) -> None:
    assert code_hash(read_code(typed)) != code_hash("K7Q2M9XD41B0")
