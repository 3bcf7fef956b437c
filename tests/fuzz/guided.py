"""Coverage-guided fuzzing of one target in this process; test_fuzz.py starts it."""

from __future__ import annotations

import logging
import resource
import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["tap_freshchat", "target_segment"]):
    from fuzz import targets
from fuzz.mutation import mutated

# How much is done to the structure rather than to bytes.
JSON_SHARE = 0.5
# Above what a parser may hold of an input; atheris itself and its tables take their part too.
MOST_MEMORY = 4 * 1024**3


def main() -> None:
    """Fuzz `argv[1]` from its seeds in the folder `argv[2]`; further arguments are libFuzzer's."""
    target, folder = sys.argv[1], Path(sys.argv[2])
    logging.disable(logging.CRITICAL)
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds(target)):
        (folder / f"seed-{number}").write_bytes(seed)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    arguments = [sys.argv[0], *sys.argv[3:], str(folder)]
    atheris.Setup(arguments, targets.TARGETS[target], custom_mutator=_mutate)
    atheris.Fuzz()


def _mutate(data: bytes, most: int, seed: int) -> bytes:
    """Change a part of the data's JSON, or, as often, some of its bytes."""
    dice = Random(seed)
    changed = mutated(data, dice) if dice.random() < JSON_SHARE else data
    return changed if changed != data and len(changed) <= most else atheris.Mutate(data, most)


if __name__ == "__main__":
    main()
