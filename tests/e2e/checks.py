"""Checks of the e2e suites, each reported as it passes."""

from __future__ import annotations

from typing import Any


def check(promise: str, expected: Any, found: Any) -> None:
    """Report that a promise holds.

    Raises:
        AssertionError: it does not.
    """
    assert expected == found, f"{promise}\n  expected: {expected!r:.2000}\n  found: {found!r:.2000}"
    say(f"  ok  {promise}")


def hold(promise: str, holds: Any, found: object = None) -> None:
    """Report that a promise holds.

    Raises:
        AssertionError: it does not; with what was found.
    """
    assert holds, f"{promise}: {found!r:.3000}"
    say(f"  ok  {promise}")


def say(line: str) -> None:
    """Print a line at once, so that a long run can be followed."""
    print(line, flush=True)
