"""Seeded random numbers: the same on every machine, Python version and run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class SeededRandom:
    """Random number generator, seeded by the name of what it decides.

    Only `Random.random()` is used: Python promises its sequence for a text seed, while the
    algorithms of `choice` and the like have changed between versions.
    """

    __slots__ = ("random",)

    def __init__(self, *name: object) -> None:
        seed = "/".join(map(str, name))
        self.random = random.Random(seed).random  # noqa: S311 - sample data, not secrets

    def chance(self, share: float) -> bool:
        """Return True with the given probability."""
        return self.random() < share

    def choice(self, options: Sequence[T]) -> T:
        """Return one of the options, each equally likely."""
        return options[int(self.random() * len(options))]

    def randint(self, minimum: int, maximum: int) -> int:
        """Return an integer from minimum to maximum, both included."""
        return minimum + int(self.random() * (maximum - minimum + 1))

    def skewed_duration(self, minimum: int, maximum: int) -> int:
        """Return a duration that is usually near the minimum."""
        share = self.random()
        return minimum + int(share * share * share * (maximum - minimum + 1))
