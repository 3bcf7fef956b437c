"""The command line: runs schedules, keeps their results, prints the table."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fault_injection.case import Trial
from fault_injection.fork_server import Nursery
from fault_injection.schedules import draw
from fault_injection.table import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when anything was violated."""
    asked = _parser().parse_args(arguments)
    if asked.seed is not None:
        return _one(asked.seed, verbose=asked.verbose)
    results = _read(asked.results)
    done = {each["seed"] for each in results}
    left = [seed for seed in range(asked.first, asked.first + asked.schedules) if seed not in done]
    with Nursery() as nursery, asked.results.open("a") as file:
        for count, seed in enumerate(left, 1):
            with tempfile.TemporaryDirectory() as folder:
                trial = Trial(draw(seed), nursery, Path(folder))
                verdict = trial.run()
            results.append(verdict.as_json())
            file.write(json.dumps(results[-1]) + "\n")
            file.flush()
            if verdict.violations:
                sys.stderr.write(f"{verdict.schedule}\n  " + "\n  ".join(verdict.violations) + "\n")
                # Not every moment comes again with the seed.
                asked.results.with_suffix(f".{seed}.log").write_text("\n".join(trial.logs))
            if not count % 50:
                sys.stderr.write(f"{count} of {len(left)}\n")
    sys.stdout.write(table_of(results))
    return int(any(each["violations"] for each in results))


def _one(seed: int, *, verbose: bool) -> int:
    schedule = draw(seed)
    sys.stdout.write(f"{schedule}\n{schedule.world}\n")
    with Nursery() as nursery, tempfile.TemporaryDirectory() as folder:
        trial = Trial(schedule, nursery, Path(folder))
        verdict = trial.run()
    if verbose:
        sys.stdout.write(f"{os.linesep}".join(trial.logs))
    sys.stdout.write(json.dumps(verdict.as_json(), indent=2) + "\n")
    return int(bool(verdict.violations))


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python tests/fault_injection", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000, help="how many to run")
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("campaign.jsonl"),
        help="results, a line each; schedules that are in it are not run again",
    )
    parser.add_argument(
        "--seed", type=int, help="run this schedule alone, and show what came of it"
    )
    parser.add_argument("--verbose", action="store_true", help="with --seed: print all logs")
    return parser
