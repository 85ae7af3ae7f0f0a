"""Hostile and odd file names: as people see them, and as an archive unpacks them."""

from __future__ import annotations

import pytest

from app.files.archive import unique_paths
from app.files.names import archive_name, archive_names, display_name, display_names, guess_media_type


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("results.pdf", "results.pdf"),
        ("Größe 上海.pdf", "Größe 上海.pdf"),
        ("../../etc/passwd", "passwd"),
        ("/etc/shadow", "shadow"),
        ("C:\\Users\\me\\x.txt", "x.txt"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("folder/", "folder"),
        ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie: x=1.txt"),
        ("a\x00b\x1b[31m.txt", "ab[31m.txt"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("  spaced .txt  ", "spaced .txt"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
    ],
)
def test_display_name_is_the_last_part_without_control_characters(sent: str, shown: str) -> None:
    assert display_name(sent) == shown


@pytest.mark.parametrize("sent", ["", " ", ".", "..", "/", "\\", "../..", "\x00", "\u202e", "a/.."])
def test_display_name_is_never_empty(sent: str) -> None:
    assert display_name(sent) == "unnamed"


def test_display_name_is_cut_but_keeps_its_suffix() -> None:
    assert display_name("x" * 300 + ".pdf") == "x" * 251 + ".pdf"
    assert display_name("x" * 300) == "x" * 255
    assert len(display_name("x." + "y" * 300)) == 255


@pytest.mark.parametrize(
    ("sent", "safe"),
    [
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Nul.tar.gz", "_Nul.tar.gz"),
        ("COM1.log", "_COM1.log"),
        ("COM¹.log", "_COM¹.log"),
        ("lpt9", "_lpt9"),
        ("aux .txt", "_aux .txt"),
        ("CONIN$", "_CONIN$"),
        ("console.txt", "console.txt"),
        ("company.txt", "company.txt"),
        ('a<b>c:d"e|f?g*h.txt', "a_b_c_d_e_f_g_h.txt"),
        ("ends with dots...", "ends with dots"),
        ("...", "unnamed"),
        ("../../etc/passwd", "passwd"),
        ("-rf", "-rf"),
    ],
)
def test_archive_name_can_be_unpacked_on_windows(sent: str, safe: str) -> None:
    assert archive_name(sent) == safe


@pytest.mark.parametrize(
    "odd",
    [
        *(
            "",
            "a.txt",
            "con",
            "Aux .txt",
            "lpt9.x",
            "lpt٩.x",
            "console.txt",
            "a\nb",
            "con\nb",
            "a\n",
            "\n",
            "é",
            "x.",
            "x ",
        ),
        *(" x", "-x", "x" * 152, "x" * 153, "x" * 152 + "\nx", "a/b", "COM1", "nul.tar.gz", "ſ.txt", "\u212a"),
    ],
)
def test_many_names_are_treated_as_each_would_be(odd: str) -> None:
    for names in ([odd], ["a.txt", odd, "b.txt"], [odd, odd], ["a.txt", odd]):
        assert list(archive_names(names)) == [archive_name(name) for name in names]
        assert list(display_names(names)) == [display_name(name) for name in names]


def numbered(wanted: list[tuple[str, str]]) -> list[str]:
    return unique_paths([folder for folder, _ in wanted], [name for _, name in wanted])


@pytest.mark.parametrize("name", ["上" * 255 + ".pdf", "🏊" * 300, "é" * 255])
def test_archive_name_fits_what_a_file_system_takes(name: str) -> None:
    first, second = numbered([("f", name), ("f", name)])
    assert first != second
    for path in (first, second):
        assert len(path.removeprefix("f/").encode()) <= 255
        assert path.endswith(".pdf") == name.endswith(".pdf")


def test_paths_that_are_one_where_case_is_ignored_are_numbered() -> None:
    wanted = [
        ("a", "Front.png"),
        ("a", "front.PNG"),
        ("A", "FRONT.png"),
        ("b", "Front.png"),
        ("a", "Front"),
        ("a", "front"),
    ]
    assert numbered(wanted) == [
        "a/Front.png",
        "a/front (2).PNG",
        "A/FRONT (3).png",
        "b/Front.png",
        "a/Front",
        "a/front (2)",
    ]


def test_numbered_path_does_not_meet_one_that_is_already_there() -> None:
    assert numbered([("a", "x (2).txt"), ("a", "x.txt"), ("a", "X.TXT")]) == [
        "a/x (2).txt",
        "a/x.txt",
        "a/X (3).TXT",
    ]


def test_composed_and_decomposed_spelling_of_one_name_are_numbered() -> None:
    composed, decomposed = numbered([("a", "Fr\u00f6nt.png"), ("a", "Fro\u0308nt.png")])
    assert composed == "a/Fr\u00f6nt.png"
    assert decomposed.endswith(" (2).png")


@pytest.mark.parametrize(
    ("name", "declared", "guessed"),
    [
        ("a.pdf", None, "application/pdf"),
        ("a.pdf", "application/octet-stream", "application/pdf"),
        ("a.bin", "Image/PNG; charset=x", "image/png"),
        ("a", None, "application/octet-stream"),
        ("a.txt", "text/html\r\nX-Bad: 1", "text/plain"),
        ("a.txt", "not a type", "text/plain"),
        ("a.txt", "a/" + "b" * 100, "text/plain"),
    ],
)
def test_media_type_is_the_declared_one_only_when_plain(name: str, declared: str | None, guessed: str) -> None:
    assert guess_media_type(name, declared) == guessed
