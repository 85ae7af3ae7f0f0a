"""What is written: made parts are up to date, links lead somewhere, and the glossary names what is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from app.commands.generated_pages import DOCS, PAGES, filled

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"`(\w[\w-]*/[\w/-]+\.(?:py|sql|js|d\.ts|md|sh|html))`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ELSEWHERE = ("http://", "https://", "mailto:")
LEFT_OUT = {".venv", "node_modules", "data"}
MARKDOWN = sorted(path for path in ROOT.rglob("*.md") if not LEFT_OUT & {*path.relative_to(ROOT).parts})
FOLDERS = (ROOT, ROOT / "app", ROOT / "app" / "console" / "static")
GLOSSARY = DOCS / "glossary.md"


@cache
def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", page.read_text("utf-8"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The names that GitHub gives to the headings of a page."""
    titles = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in HEADING.findall(prose(page))]
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)


@pytest.mark.parametrize("name", PAGES)
def test_made_parts_are_up_to_date(name: str) -> None:
    page = (DOCS / name).read_text("utf-8")
    assert page == filled(page, PAGES[name]()), "run script/docs"


def test_a_part_without_a_place_is_noticed() -> None:
    with pytest.raises(ValueError, match="no place for rules"):
        filled("<!-- generated: diagram -->\n\n<!-- end -->", {"rules": "| from |"})


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        if link.startswith(ELSEWHERE):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_files_that_are_named_are_there() -> None:
    """A name with a folder in it is a path from the repository, from `app`, from the console or from the page."""
    missing = []
    for page in MARKDOWN:
        for name in FILE.findall(prose(page)):
            if not any((folder / name).exists() for folder in (*FOLDERS, page.parent)):
                missing.append(f"{page.name}: {name}")
    assert missing == []


def test_every_page_can_be_reached() -> None:
    """From the README, or from a page that it leads to."""
    reached, coming = set[Path](), [ROOT / "README.md"]
    while coming:
        page = coming.pop().resolve()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        if page.is_dir():
            coming += page.glob("*.md")
        elif page.suffix == ".md":
            coming += [page.parent / link.partition("#")[0] for link in LINK.findall(prose(page)) if "://" not in link]
    assert [page.name for page in MARKDOWN if page.is_relative_to(DOCS) and page not in reached] == []


def test_every_term_says_where_it_is_at_home() -> None:
    rows = [line for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("| **")]
    terms = [re.sub(r"^\| \*\*(.+?)\*\*.*$", r"\1", row).lower() for row in rows]
    assert len(rows) >= 40
    assert [row for row in rows if not LINK.search(row)] == []
    assert len(terms) == len(set(terms))


def test_the_glossary_names_what_the_code_has() -> None:
    """What stands beside the link to a file is in that file."""
    missing = []
    for line in GLOSSARY.read_text("utf-8").splitlines():
        where = line.rpartition(" | ")[2]
        sources = [(DOCS / link).read_text("utf-8") for link in LINK.findall(where)]
        missing += [name for name in re.findall(r"`(\w+)`", where) if name not in "".join(sources)]
    assert missing == []
