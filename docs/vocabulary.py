"""Vocabulary check: refuses the words of vocabulary.txt in product code and pages."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
WORDS = ROOT / "docs" / "vocabulary.txt"
FOLDERS = ("tap_freshchat", "target_segment", "freshchat_sandbox", "deploy", "docs")
FILES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "meltano.yml", "dev.py")
SUFFIXES = {".py", ".md", ".yml", ".yaml", ".json", ".html", ".in", ""}
# The list itself, and the sandbox's texts of customers and agents, which are natural speech.
EXCLUDED = {"vocabulary.py", "phrases.py", "sample_text.py"}


class Entry(NamedTuple):
    """A word that is not used, and what to use instead."""

    pattern: re.Pattern[str]
    replacement: str


class Finding(NamedTuple):
    """A word where it is not allowed; the path is relative to the root, the line from 1."""

    path: str
    line: int
    word: str
    replacement: str

    @property
    def folder(self) -> str:
        """The top folder, or the file at the top."""
        return self.path.partition("/")[0]


def entries(text: str) -> list[Entry]:
    """The entries of a word list.

    Raises:
        ValueError: a line has no tab, or no valid regular expression before it.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, tab, replacement = line.partition("\t")
        if not tab:
            raise ValueError(f"Line {number} of the word list: no tab after {word!r}.")
        try:
            pattern = re.compile(rf"(?<![A-Za-z])(?:{word})(?![A-Za-z])", re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"Line {number} of the word list: {word!r}: {error}.") from None
        found.append(Entry(pattern, replacement))
    return found


def findings(path: str, text: str, words: Iterable[Entry]) -> Iterator[Finding]:
    """The words of a text that the list does not allow."""
    words = list(words)
    for number, line in enumerate(text.splitlines(), 1):
        for entry in words:
            for match in entry.pattern.finditer(line):
                yield Finding(path, number, match[0], entry.replacement)


def files() -> Iterator[Path]:
    """Product code and pages."""
    for name in FILES:
        yield ROOT / name
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(ROOT).parts)
            if path.is_file() and path.suffix in SUFFIXES and not hidden:
                yield path


def main() -> int:
    """Print every finding, then their number by folder and by word."""
    words = entries(WORDS.read_text(encoding="utf-8"))
    found = [
        finding
        for path in files()
        if path.name not in EXCLUDED
        for finding in findings(
            path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"), words
        )
    ]
    for each in found:
        sys.stdout.write(f"{each.path}:{each.line}: {each.word!r}: use {each.replacement}\n")
    for title, counts in (
        ("By folder", Counter(each.folder for each in found)),
        ("By word", Counter(each.word.lower() for each in found)),
    ):
        if found:
            listed = ", ".join(f"{name} {count}" for name, count in counts.most_common(20))
            sys.stdout.write(f"{title}: {listed}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
