"""What a person reads before Homeward runs exists in English and in Russian, and the two pages say the same."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUSSIAN = DOCS / "ru"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted((DOCS / "how-to").rglob("*.md"))]
BLOCK = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"(^|[ \t]+)# .*$", re.MULTILINE)


def twin_of(page: Path) -> Path:
    """The Russian page of an English one."""
    return page.with_suffix(".ru.md") if page.parent == ROOT else RUSSIAN / page.relative_to(DOCS)


TWINS = {page: twin_of(page) for page in PAGES}
ENGLISH = {russian: english for english, russian in TWINS.items()}
pairs = pytest.mark.parametrize(
    ("english", "russian"), TWINS.items(), ids=[str(page.relative_to(ROOT)) for page in PAGES]
)
both = pytest.mark.parametrize("page", [*TWINS, *ENGLISH], ids=lambda page: str(page.relative_to(ROOT)))


def words(page: Path) -> str:
    """A page without its blocks of code."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def code(page: Path) -> list[list[str]]:
    """Its blocks of code, line by line, without comments: those are translated."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [[line for line in COMMENT.sub("", block).splitlines() if line.strip()] for block in blocks]


def links(page: Path) -> list[str]:
    """Where it leads, pictures too, in the order of the page."""
    return re.findall(r"\]\(([^)\s]+)\)", words(page))


def pictures(page: Path) -> list[Path]:
    return [(page.parent / target).resolve() for target in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", words(page))]


def elsewhere(target: str) -> bool:
    return target.startswith(("https:", "http:", "mailto:"))


def place(page: Path, target: str) -> str | Path:
    """What a link of ``page`` leads to, the same for both languages."""
    if elsewhere(target):
        return target
    file = (page.parent / target.partition("#")[0]).resolve()
    return ENGLISH.get(file, file)


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", words(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def figures(page: Path) -> Counter[str]:
    """Its numbers, written the English way: 0.5 for 0,5 and 10000 for 10,000 as for 10 000."""
    thousands, point = (r"(?<=\d)[ \u00a0](?=\d{3}\b)", ",") if page in ENGLISH else (r"(?<=\d),(?=\d{3}\b)", ".")
    numbers = re.findall(rf"\d+(?:[.{point}]\d+)*", re.sub(thousands, "", words(page)))
    return Counter(number.replace(point, ".") for number in numbers)


@pairs
def test_a_page_has_a_twin_and_they_lead_to_each_other_first(english, russian):
    assert russian.is_file(), f"{english.relative_to(ROOT)} wants a Russian twin, {russian.relative_to(ROOT)}"
    assert [(page.parent / links(page)[0]).resolve() for page in (english, russian)] == [russian, english]


@pairs
@pytest.mark.parametrize(
    "mark",
    [
        pytest.param(r"^(#+) ", id="headings"),
        pytest.param(r"^ *(-|\d+\.) ", id="items of lists"),
        pytest.param(r"^ *(\|)", id="rows of tables"),
    ],
)
def test_a_page_and_its_twin_are_built_alike(english, russian, mark):
    there, here = (re.findall(mark, words(page), re.MULTILINE) for page in (russian, english))

    assert there == here


@pairs
def test_a_page_and_its_twin_show_the_same_blocks_of_code(english, russian):
    assert code(russian) == code(english)


@pairs
def test_a_page_and_its_twin_name_the_same_commands_and_settings(english, russian):
    there, here = (Counter(re.findall(r"`([^`\n]+)`", words(page))) for page in (russian, english))

    assert there == here


@pairs
def test_a_page_and_its_twin_give_the_same_figures(english, russian):
    assert figures(russian) == figures(english)


@pairs
def test_a_page_and_its_twin_show_the_same_pictures(english, russian):
    assert pictures(russian) == pictures(english)


@pairs
def test_a_page_and_its_twin_lead_to_the_same_places(english, russian):
    there, here = (Counter(place(page, target) for target in links(page)[1:]) for page in (russian, english))

    assert there == here


@both
def test_every_link_of_a_page_leads_to_a_file_and_to_a_heading_of_it(page):
    for target in links(page):
        file, _, anchor = target.partition("#")
        if elsewhere(target):
            continue
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_every_russian_page_has_an_english_one():
    assert set(RUSSIAN.rglob("*.md")) <= set(ENGLISH)
