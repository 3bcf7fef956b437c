"""Commands of README.md, CONTRIBUTING.md and docs/, and the test that runs each of them.

test_commands.py runs a block of commands, unless a comment on the line before it says otherwise:

    <!-- run by tests/commands.py -->     slow: run by that script, in a fresh clone
    <!-- commands: NAME -->               by tests/e2e/composition/test_composition_page.py
    <!-- run by another/file.py -->       by that file
    <!-- not run: why -->                 nowhere, because it cannot be run here

Needs nothing but Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHELL = ("sh", "bash", "shell", "console", "cron")
SCRIPT = "tests/commands.py"
COMPOSITION = "tests/e2e/composition/test_composition_page.py"
HERE = "tests/test_commands.py"
NOWHERE = ""
_FENCE = re.compile(r"^ *```(\w*)$")
_COMMENT = re.compile(r"^ *<!-- (.+) -->$")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        page: The page's path from the root.
        line: Where it begins there, from 1.
        language: What the fence says; empty without.
        comment: That of the line before, empty without one.
        text: What is in it, without the indentation that the fence has.
    """

    page: str
    line: int
    language: str
    comment: str
    text: str

    @property
    def runner(self) -> str:
        """Where it is run, from the root; empty for nowhere.

        Raises:
            ValueError: the comment before it is none that is known.
        """
        if not self.comment:
            return HERE
        if self.comment.startswith("commands: "):
            return COMPOSITION
        if self.comment.startswith("not run: "):
            return NOWHERE
        if self.comment.startswith("run by "):
            return self.comment.removeprefix("run by ")
        raise ValueError(
            f"{self.page}:{self.line}: what does {self.comment!r} say of the commands?"
        )


def pages() -> list[Path]:
    """Every page that users read."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    start = -1
    for number, line in enumerate(lines):
        if start < 0 and _FENCE.match(line):
            start = number
        elif start >= 0 and line.strip() == "```":
            indent = len(line) - 3
            comment = _COMMENT.match(lines[start - 1]) if start else None
            found.append(
                Block(
                    page=str(page.relative_to(ROOT)),
                    line=start + 1,
                    language=lines[start].strip().removeprefix("```"),
                    comment=comment[1] if comment else "",
                    text="\n".join(each[indent:] for each in lines[start + 1 : number]) + "\n",
                )
            )
            start = -1
    return found


def commands() -> list[Block]:
    """The blocks of commands of all pages."""
    return [block for page in pages() for block in blocks(page) if block.language in SHELL]
