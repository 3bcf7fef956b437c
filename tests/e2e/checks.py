"""What must hold, said as it is found to hold; the first that does not ends the run."""

from __future__ import annotations

from typing import Any


class NotSoError(Exception):
    """Something that must hold does not."""


def check(promise: str, wanted: Any, found: Any) -> None:
    """Say that the promise is kept, or end with what was found instead."""
    if wanted != found:
        raise NotSoError(f"{promise}\n  wanted: {wanted!r:.2000}\n  found:  {found!r:.2000}")
    say(f"  ok  {promise}")


def say(line: str) -> None:
    """Tell the user, at once."""
    print(line, flush=True)  # noqa: T201 - a script's output
