"""Files, commands and queries of the pages, by the comments before them."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs"


def fragment(name: str, page: str = "composition.md") -> str:
    """Return the block of a page after `<!-- name -->`."""
    pattern = rf"<!-- {re.escape(name)} -->\n```\w*\n(.*?)^```$"
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(pattern, text, re.DOTALL | re.MULTILINE)
    if len(found) != 1:
        raise LookupError(f"{page} has {len(found)} blocks named {name!r}, not one.")
    return str(found[0])
