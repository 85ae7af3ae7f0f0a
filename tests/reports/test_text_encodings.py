"""The encodings of tables, and what is said where they are a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.reports.table_errors import TableError
from tests.conftest import Api
from tests.reports.tables import PEOPLE, profile_of
from tests.reports.test_delimited import profile
from tests.reports.test_text_structure import codes_of, values_of


@pytest.mark.parametrize(
    ("encoding", "cities"),
    [
        ("cp1250", ["Łódź", "Kraków", "Gdańsk", "Świętochłowice"]),
        ("iso8859-2", ["Łódź", "Kraków", "Gdańsk", "Świętochłowice"]),
        ("cp1250", ["Plzeň", "Třebíč", "Ústí nad Labem"]),
        ("cp1251", ["Москва", "Казань", "Омск"]),
        ("koi8-r", ["Москва", "Казань", "Омск"]),
        ("cp1254", ["İstanbul", "Iğdır", "Şişli"]),
        ("cp437", ["Größe XL", "Müller & Söhne", "Türgriff"]),
        ("mac-roman", ["Orléans", "Besançon", "Nîmes"]),
        ("shift_jis", ["東京", "大阪", "さいたま"]),
        ("gb18030", ["北京", "上海", "深圳"]),
        ("euc_kr", ["서울", "부산", "대구"]),
        ("utf-16-le", ["Москва", "Казань", "Омск"]),
        ("utf-16-be", ["北京", "上海", "深圳"]),
    ],
)
def test_short_tables_are_read_in_their_encoding(tmp_path: Path, encoding: str, cities: list[str]) -> None:
    text = "id,city\n" + "".join(f"{n},{city}\n" for n, city in enumerate(cities))
    assert values_of(profile(tmp_path, text.encode(encoding)), 1) == set(cities)


def test_doubt_is_said_with_the_second_guess_and_can_be_overruled(tmp_path: Path) -> None:
    content = "id,name\n1,Řehoř\n2,Jan\n".encode("cp1250")
    found = profile(tmp_path, content)
    (said,) = [note for note in found["notes"] if note["code"] == "ENCODING_DOUBT"]
    assert (found["confidence"], said["parameter"]) == ("low", "encoding")
    assert "cp1250" in said["choices"]
    again = profile(tmp_path, content, encoding="cp1250")
    assert "Řehoř" in values_of(again, 1)
    assert not codes_of(again)


def test_plenty_of_letters_leave_no_doubt(tmp_path: Path) -> None:
    text = "id,name\n" + "".join(f"{n},Gdańsk i Łódź są większe niż Świdnica\n" for n in range(9))
    assert not codes_of(profile(tmp_path, text.encode("cp1250")))


def test_bytes_that_are_no_text_are_in_no_encoding(tmp_path: Path) -> None:
    noise = bytes((value * 167 + 13) % 128 + 128 for value in range(4000))
    lines = b"\n".join(b"1," + noise[place : place + 40] for place in range(0, 4000, 40))
    with pytest.raises(TableError, match="ENCODING_UNKNOWN"):
        profile(tmp_path, b"a,b\n" + lines)


async def test_encoding_and_delimiter_are_parameters(api: Api) -> None:
    content = "id\tname\n1\tŘehoř\n".encode("cp1250")
    found = await profile_of(api, "a.txt", content, params='{"encoding": "Windows-1250", "delimiter": "tab"}')
    assert (found["encoding"], found["delimiter"]) == ("cp1250", "\t")
    assert "Řehoř" in values_of(found, 1)


@pytest.mark.parametrize("params", ['{"encoding": "no-such"}', '{"encoding": "hex"}', '{"delimiter": "ab"}'])
async def test_what_is_no_encoding_or_delimiter_is_refused_at_once(api: Api, params: str) -> None:
    reply = await api.post("/api/batch-reports", data={"params": params}, files=[("files", ("a.csv", PEOPLE))])
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
