"""Lines of text in any script: no boxes, the right order, shortened in the middle; with and without raqm."""

from __future__ import annotations

import unicodedata

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, features

from app.assets.lettering import line
from app.assets.lettering.direction import joined, runs_of
from app.assets.lettering.fonts import UNKNOWN, font_for, path_of
from app.assets.lettering.line import ELLIPSIS, clean, draw_line, shortened, width_of

ARABIC, HEBREW, CHINESE, JAPANESE, KOREAN, THAI, HINDI, EMOJI = (
    "\u0643\u0631\u0633\u064a \u0623\u062d\u0645\u0631",
    "\u05db\u05d9\u05e1\u05d0 \u05d0\u05d3\u05d5\u05dd",
    "\u6905\u5b50 \u6b63\u9762",
    "\u30a2\u30fc\u30e0\u30c1\u30a7\u30a2 \u6b63\u9762\u56f3",
    "\uc758\uc790 \uc815\uba74",
    "\u0e40\u0e01\u0e49\u0e32\u0e2d\u0e35\u0e49",
    "\u0915\u0941\u0930\u094d\u0938\u0940",
    "\U0001fa91\U0001f600\U0001f1f5\U0001f1f1\u2764",
)
SCRIPTS = {
    "french": "Chaise \u00c9l\u00e9gante \u0152uvre",
    "polish": "Krzes\u0142o \u017b\u00f3\u0142\u0107",
    "greek": "\u039a\u03b1\u03c1\u03ad\u03ba\u03bb\u03b1",
    "cyrillic": "\u0421\u0442\u0443\u043b \u0401\u043b\u043a\u0430 \u0407\u0436\u0430\u043a",
    "vietnamese": "Gh\u1ebf b\u00e0nh",
    "armenian": "\u0531\u0569\u0578\u057c",
    "georgian": "\u10e1\u10d9\u10d0\u10db\u10d8",
    "tamil": "\u0ba8\u0bbe\u0bb1\u0bcd\u0b95\u0bbe\u0bb2\u0bbf",
    "bengali": "\u099a\u09c7\u09af\u09bc\u09be\u09b0",
    "lao": "\u0e95\u0eb1\u0ec8\u0e87",
    "burmese": "\u1000\u102f\u101c\u102c",
    "amharic": "\u12c8\u1295\u1260\u122d",
    "arabic": ARABIC,
    "hebrew": HEBREW,
    "chinese": CHINESE,
    "japanese": JAPANESE,
    "korean": KOREAN,
    "thai": THAI,
    "hindi": HINDI,
    "emoji": EMOJI,
}


@pytest.fixture(params=["raqm", "basic"])
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of laying out letters: with fribidi on the machine, and without."""
    if request.param == "raqm" and not features.check("raqm"):
        pytest.skip("Pillow finds no fribidi here")
    monkeypatch.setattr(line, "shapes", lambda: request.param == "raqm")
    return str(request.param)


def drawn(text: str, room: int = 600, size: int = 28) -> Image.Image:
    image = Image.new("L", (640, 60), 255)
    draw_line(ImageDraw.Draw(image), (20, 40), text, size, 0, room)  # type: ignore[arg-type]
    return image


def ink(image: Image.Image) -> tuple[int, int, int, int]:
    found = ImageChops.invert(image).getbbox()
    assert found
    return found


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_drawn_without_boxes(layout: str, script: str) -> None:
    text = SCRIPTS[script]
    for character in clean(text):
        name = font_for(character)
        assert name, f"no font has U+{ord(character):04X}"
        if unicodedata.category(character)[0] not in "ZMC":
            font = ImageFont.truetype(str(path_of(name)), 40, layout_engine=ImageFont.Layout.BASIC)
            assert font.getmask(character).getbbox(), character
            assert bytes(font.getmask(character)) != bytes(font.getmask("\U0010fffd")), character
    left, top, right, bottom = ink(drawn(text))
    assert left >= 18
    assert top > 0
    assert bottom < 60
    assert right - left > 20


def test_what_no_font_has_is_said_to_be_unknown(layout: str) -> None:
    unknown = "\U00012000"
    assert font_for(unknown) is None
    assert drawn(f"a {unknown} b").tobytes() == drawn(f"a {UNKNOWN} b").tobytes()
    assert ink(drawn("\u0f56\u0f7c\u0f51"))  # marks go with the letter that is not known


def test_spelling_is_kept_and_what_is_not_seen_is_left_out() -> None:
    assert clean("  PL_DXB-191\n\tChair\u202e\u0007 e\u0301\ud800 ") == "PL_DXB-191 Chair \u00e9"
    assert drawn("CHAIR").tobytes() != drawn("chair").tobytes()


def test_lines_from_the_right_begin_at_the_right() -> None:
    assert runs_of("abc") == [("abc", False)]
    assert runs_of(ARABIC) == [(ARABIC, True)]
    assert runs_of(f"{HEBREW} 12 {HEBREW}") == [(f" {HEBREW}", True), ("12", False), (f"{HEBREW} ", True)]
    assert runs_of(f"Chair {ARABIC} Front") == [("Chair ", False), (ARABIC, True), (" Front", False)]
    assert runs_of(f"{ARABIC}_Front") == [("Front", False), (f"{ARABIC}_", True)]
    assert runs_of(f"a ({HEBREW}) b") == [("a (", False), (HEBREW, True), (") b", False)]
    assert runs_of("12/34") == [("12/34", False)]
    assert runs_of("") == []


def test_arabic_letters_are_joined_without_raqm() -> None:
    assert joined("\u0643\u0631\u0633\u064a") == "\ufedb\ufeae\ufeb3\ufef2"  # initial, final; initial, final
    assert joined("\u0628\u064e\u0628") == "\ufe91\u064e\ufe90"  # over a mark
    assert joined("\u0644\u0627") == "\ufefb"  # a ligature
    assert joined("\u0633\u0644\u0627\u0645") == "\ufeb3\ufefc\ufee1"
    assert joined("abc \u0628") == "abc \ufe8f"


def test_brackets_are_turned_without_raqm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "shapes", lambda: False)
    (piece,) = line._pieces("\u05d0(\u05d1)", 28)
    assert piece.text == "(\u05d1)\u05d0"


@pytest.mark.parametrize("script", ["french", "arabic", "chinese", "hindi", "emoji"])
@pytest.mark.parametrize("room", [0, 30, 120, 400])
def test_long_names_are_shortened_in_the_middle(layout: str, script: str, room: int) -> None:
    text = " ".join(f"{number}{SCRIPTS[script]}" for number in range(200))
    shown = shortened(text, 28, room)
    before, ellipsis, after = shown.partition(ELLIPSIS)
    assert ellipsis
    assert clean(text).startswith(before)
    assert clean(text).endswith(after)
    if room >= 120:
        assert before
        assert after
        assert room * 0.6 < width_of(shown, 28) <= room
    assert shortened("Chair", 28, 400) == "Chair"


def test_hostile_names_take_no_time() -> None:
    for text in ("\u0301" * 100_000, "x" * 1_000_000, "\u05d0a" * 200_000, "\u200d\ufe0f" * 100_000):
        assert width_of(shortened(text, 18, 480), 18) <= 480
