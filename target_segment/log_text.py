"""Text for logs and tables: control characters of external names as escapes. Pure."""

from __future__ import annotations


def escape_controls(text: str) -> str:
    """Return one line of printable characters; any other becomes its Python escape."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
