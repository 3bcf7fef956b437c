"""The files, commands and queries of docs/composition.md, by the comments before them."""
# ruff: noqa: INP001 - scripts beside one another, no package

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "composition.md"


def fragment(name: str) -> str:
    """The block of the page that `<!-- name -->` stands before."""
    pattern = rf"<!-- {re.escape(name)} -->\n```\w*\n(.*?)^```$"
    found = re.findall(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if len(found) != 1:
        raise LookupError(f"{PAGE.name} has {len(found)} blocks named {name!r}, not one.")
    return found[0]
