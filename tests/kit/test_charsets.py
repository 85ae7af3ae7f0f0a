"""Sentences in many languages and every encoding that they are met in, whole and line by line."""

from __future__ import annotations

import pytest

from app.kit.text.charsets import rank_encodings, words_of
from app.kit.text.decoding import SURE, wide_encoding

SENTENCES = {
    "Straße;Größe;Müller|Überall gibt es schöne Häuser|Köln;München;Österreich": "cp1252 cp850 cp437 mac-roman",
    "René;Orléans;François|Les élèves préfèrent la bibliothèque|Besançon;Nîmes": "cp1252 cp850 cp437 mac-roman",
    "José Muñoz;Málaga|El niño comió mañana en el jardín|dirección;teléfono": "cp1252 cp850 mac-roman",
    "João;São Paulo|As informações não estão disponíveis até amanhã|município": "cp1252 cp850",
    "Søren;København;Århus|Børnene læser på skolen hver måned|Rødgrød;fløde": "cp1252 cp850 mac-roman",
    "Åsa Öberg;Malmö|Där är många små båtar på sjön|Västerås;ålder;län": "cp1252 cp850 mac-roman",
    "Łukasz;Wiśniewski|Małgorzata prosi o zwrot płatności|Święty;Gdańsk": "cp1250 iso8859-2 cp852",
    "Jiří;Plzeň;Tomáš|Příští týden zaplatím účet|Řehoř;Třebíč;příjmení": "cp1250 iso8859-2 cp852",
    "Győr;Székesfehérvár|A hőmérséklet kellemes és szép az idő|Ildikó;Jenő": "cp1250 iso8859-2",
    "Šibenik;Čakovec|Žene čitaju knjige što žele|Ivančić;Kovačević;Đurđa": "cp1250 iso8859-2 cp852",
    "İstanbul;Şişli|Bugün hava çok güzel değil mi|Ağrı;Iğdır;müşteri": "cp1254 cp857",
    "Šiauliai;Panevėžys|Žmonės eina į mokyklą kiekvieną dieną|Žukauskas": "cp1257 cp775",
    "Rīga;Jūrmala;Jēkabpils|Šodien laukā ir ļoti auksts|Jānis Bērziņš": "cp1257 cp775",
    "Имя;Город;Москва|Алексей пошёл в школу с утра|ИВАНОВ;ПЕТРОВ": "cp1251 koi8-r cp866 iso8859-5 mac-cyrillic",
    "Київ;Львів|Я їду до міста завтра вранці|Прізвище;Місто": "cp1251 koi8-u",
    "Αθήνα;Θεσσαλονίκη|Ο καιρός είναι πολύ καλός σήμερα|Διεύθυνση": "cp1253 iso8859-7 cp737",
    "שם;עיר;כתובת|תל אביב היא עיר גדולה ויפה|ירושלים": "cp1255 iso8859-8",
    "الاسم;المدينة|هذا يوم جميل في المدينة|محمد;فاطمة": "cp1256 iso8859-6",
    "ชื่อ;เมือง|วันนี้อากาศดีมาก|กรุงเทพ;เชียงใหม่": "cp874",
    "姓名;城市;北京|今天天气很好我们去公园|客户名称;金额": "gb18030",
    "姓名;城市;臺北|今天天氣很好我們去公園|客戶名稱": "big5",
    "名前;都市;東京|今日はとても天気がいいですね|田中太郎": "cp932 euc_jp",
    "이름;도시;서울|오늘은 날씨가 아주 좋습니다|고객명": "cp949",
}
CASES = [(text, encoding) for text, encodings in SENTENCES.items() for encoding in encodings.split()]


@pytest.mark.parametrize(("text", "encoding"), CASES)
def test_a_few_lines_are_enough(text: str, encoding: str) -> None:
    evidence = words_of(text.replace("|", "\n").encode(encoding))
    assert rank_encodings(evidence)[0].text == evidence.decode(encoding)


def test_one_line_or_one_word_is_seldom_wrong_and_never_surely() -> None:
    lines, words = [0, 0], [0, 0]
    for text, encoding in CASES:
        for line in text.split("|"):
            for counted, piece in [(lines, line), *((words, word) for word in line.replace(";", " ").split())]:
                evidence = words_of(piece.encode(encoding))
                if not evidence:
                    continue
                ranked = rank_encodings(evidence)
                right = bool(ranked) and ranked[0].text == evidence.decode(encoding)
                counted[0] += right
                counted[1] += 1
                assert right or len(ranked) < 2 or ranked[0].weight - ranked[1].weight < SURE, (piece, encoding)
    assert lines[0] >= lines[1] * 0.9
    assert words[0] >= words[1] * 0.7


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [text for text in SENTENCES if len(text) > 30])
def test_utf_16_without_a_mark(text: str, encoding: str) -> None:
    table = text.replace("|", ",1\n") + ",2\n"
    assert wide_encoding(table.encode(encoding)) == encoding


def test_what_is_not_utf_16() -> None:
    assert wide_encoding(b"a,b\n1,\x002\n3,4\n") is None
    assert wide_encoding("Имя,Город\n".encode("cp1251") * 9) is None
    assert wide_encoding(bytes(range(256)) * 8) is None


def test_long_words_and_noise_are_weighed_in_time() -> None:
    assert rank_encodings(words_of(b"x" * 1_000_000 + b"\xe9"))
    assert len(words_of(bytes(range(128, 256)) * 10_000)) < 2_000_000
