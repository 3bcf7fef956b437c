"""Pages: links, named tests and explained messages exist."""

import ast
import re
from pathlib import Path

import pytest

from freshchat_sandbox.readings import values_by_belief

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def assumptions():
    """The rows of the table of assumptions, as lists of cells."""
    text = (ROOT / "docs" / "assumptions.md").read_text()
    rows = re.findall(r"^\| (.+) \|$", text, re.MULTILINE)
    return [row.split(" | ") for row in rows[2:]]


def test_every_test_that_an_assumption_names_exists():
    text = (ROOT / "docs" / "assumptions.md").read_text()
    named = re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?", text)
    assert named
    for file, test in named:
        [path] = (ROOT / "tests" / "tap").glob(file)
        assert not test or f"def {test}(" in path.read_text(), f"{file}::{test}"


def test_every_assumption_has_other_readings_and_a_test():
    for cells in assumptions():
        assert len(cells) == 4, cells
        assert all(cell.strip() for cell in cells), cells
        assert "`test_" in cells[3], cells


def test_every_reading_of_the_sandbox_is_one_assumption_and_no_other_is_named():
    named = [found[1] for cells in assumptions() if (found := re.match(r"`(\w+)`: ", cells[1]))]
    assert sorted(named) == sorted(values_by_belief())


def texts_of(node):
    """The text of every literal in a module, with `…` for what is filled in."""
    for each in ast.walk(node):
        if isinstance(each, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in each.values
            )
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield re.sub(r"%(?:\.\d)?[sdf]", "…", each.value)


def quoted_messages():
    text = (ROOT / "docs" / "operations.md").read_text()
    return re.findall(r"^\| `(.+?)` \|", text[text.index("## Dead letters") :], re.MULTILINE)


@pytest.fixture(scope="module")
def texts():
    modules = [
        path
        for package in ("tap_freshchat", "target_segment")
        for path in (ROOT / package).rglob("*.py")
    ]
    return [text for path in modules for text in texts_of(ast.parse(path.read_text()))]


@pytest.mark.parametrize("message", quoted_messages())
def test_every_message_that_is_explained_is_one_that_the_programs_print(texts, message):
    pattern = re.compile(".*".join(map(re.escape, message.split("…"))), re.DOTALL)
    assert any(pattern.fullmatch(text) for text in texts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_or_heading_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
            assert heading in slugs, target
