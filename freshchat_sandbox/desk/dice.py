"""Drawing lots that fall alike on every machine, Python version and run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Dice:
    """One stream of chance, named by what it decides.

    Only `Random.random()` is used: Python promises its sequence for a text seed, while the
    algorithms of `choice` and the like have changed between versions.
    """

    __slots__ = ("random",)

    def __init__(self, *name: object) -> None:
        seed = "/".join(map(str, name))
        self.random = random.Random(seed).random  # noqa: S311 - stories, not secrets

    def chance(self, share: float) -> bool:
        """Tell whether something with this probability happens."""
        return self.random() < share

    def pick(self, options: Sequence[T]) -> T:
        """Take one of the options, each equally likely."""
        return options[int(self.random() * len(options))]

    def between(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return least + int(self.random() * (most - least + 1))

    def wait(self, least: int, most: int) -> int:
        """Return a duration that is mostly near the least and sometimes near the most."""
        share = self.random()
        return least + int(share * share * share * (most - least + 1))
