"""Measures the target and prints one table: `python benchmarks/target.py [--quick]`.

Everything runs on this machine against a receiver in a process of its own. What is compared is
measured in turns within the same run; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from table import HEAD, Line
from target_records import write_records

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
REPEATS = 5
# The target uses two processors and the receiver part of one; others at work spoil the ratios.
BUSY = 0.7
DELAY = 0.1
KINDS = {"support": "own (4 KB)", "short": "short (700 bytes)"}
# What its documentation offers for speed; the fastest of them is what we are held against. With
# more than one thread it loses what is queued at its end.
LIBRARY_SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"upload_size": 1_000},
    {"gzip": True, "upload_size": 1_000},
    {"thread": 4, "upload_size": 1_000},
)
LIBRARY_OF_THE_SLOW_SERVER = {"upload_size": 100}
# Twice the default: users who raise the rate limit have a reason to raise this as well.
TARGET_OF_THE_SLOW_SERVER = {"max_concurrency": 8}


@dataclass(frozen=True)
class Counts:
    """How many records each measure takes."""

    loopback: int
    library: int
    slow: int
    slow_library: int
    few: int
    many: int


FULL = Counts(200_000, 30_000, 200_000, 4_000, 100_000, 1_000_000)
QUICK = Counts(40_000, 5_000, 60_000, 1_000, 20_000, 200_000)


@contextmanager
def receiver(delay: float = 0.0) -> Iterator[int]:
    """A receiver on a free port, which is yielded."""
    command = [sys.executable, str(HERE / "segment_receiver.py"), str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


class Measures:
    """The measures of one run; records are written once.

    Args:
        folder: For records.
        counts: How many of them each measure takes.
        repeats: How often each is measured.
    """

    def __init__(self, folder: Path, counts: Counts, repeats: int) -> None:
        self._folder = folder
        self._counts = counts
        self._repeats = repeats

    def lines(self) -> Iterator[Line]:
        """Measure everything, one line of the table after the other."""
        yield from self._on_loopback("support", self._counts.loopback // 2)
        yield from self._on_loopback("short", self._counts.loopback)
        yield self._at_a_slow_server()
        yield self._memory()

    def _on_loopback(self, kind: str, count: int) -> Iterator[Line]:
        many, few = self._records(kind, count), self._records(kind, self._counts.library)
        target, limit = [], []
        library: dict[str, list[float]] = {json.dumps(each): [] for each in LIBRARY_SETTINGS}
        with receiver() as port:
            for _ in range(self._repeats):
                for options, rates in library.items():
                    rates.append(self._rate("library", few, port, json.loads(options)))
                target.append(self._rate("target", many, port, {}))
                limit.append(self._rate("limit", many, port, {}))
        best = max(library, key=lambda options: statistics.median(library[options]))
        named = best.strip("{}").replace('"', "") or "its defaults"
        what = f"events on loopback, {KINDS[kind]}"
        peer = f"segment-analytics-python ({named})"
        yield _rates(what, target, (library[best], peer), 6, f"target, {kind}, by library")
        least = "parse + encode + gzip -1, no HTTP"
        yield _rates(what, target, (limit, least), 0.8, f"target, {kind}, by limit")

    def _at_a_slow_server(self) -> Line:
        many = self._records("short", self._counts.slow)
        few = self._records("short", self._counts.slow_library)
        target, library = [], []
        with receiver(DELAY) as port:
            for _ in range(max(1, self._repeats // 2)):
                library.append(self._rate("library", few, port, LIBRARY_OF_THE_SLOW_SERVER))
                target.append(self._rate("target", many, port, TARGET_OF_THE_SLOW_SERVER))
        what = f"events to a {DELAY * 1000:.0f} ms server, {KINDS['short']}, max_concurrency 8"
        peer = "segment-analytics-python, one thread, batches of 100"
        return _rates(what, target, (library, peer), 25, "target, slow server")

    def _memory(self) -> Line:
        peaks = []
        for count in (self._counts.many, self._counts.few):
            with receiver() as port:
                peaks.append(self._peak(self._records("short", count), port))
        high, low = peaks
        return Line(
            what=f"peak memory at {self._counts.many:,} records",
            ours=f"{high / 1e6:.0f} MB",
            against=f"{low / 1e6:.0f} MB at {self._counts.few:,}",
            ratio=f"{high / low:.2f}",
            asked="≤ 1.1, ≤ 120 MB",
            name="target, memory",
            score=min(1.1 / (high / low), 120e6 / high),
        )

    def _records(self, kind: str, count: int) -> Path:
        path = self._folder / kind / f"{count}.jsonl"
        path.parent.mkdir(exist_ok=True)
        return path if path.exists() else write_records(kind, path, count)

    def _rate(self, sender: str, path: Path, port: int, options: dict[str, Any]) -> float:
        """Events a second of a sender, all of whose events arrived."""
        count = int(path.stem)
        seconds = float(_run(_command(sender, path, port, options)))
        if sender != "limit":
            _check(port, count)
        return count / seconds

    def _peak(self, path: Path, port: int) -> int:
        """Peak memory of the target in bytes."""
        peak_file = self._folder / "peak"
        parent = [sys.executable, str(HERE / "small_parent.py"), str(peak_file)]
        _run([*parent, *_command("target", path, port, {})])
        _check(port, int(path.stem))
        return int(peak_file.read_text(encoding="utf-8"))


def _command(sender: str, path: Path, port: int, options: dict[str, Any]) -> list[str]:
    script = str(HERE / "segment_senders.py")
    kind = path.parent.name
    return [sys.executable, script, sender, kind, str(path), str(port), json.dumps(options)]


def _run(command: list[str]) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"{' '.join(command)}\n{finished.stderr}")
    return finished.stdout


def _check(port: int, count: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count") as answer:
        arrived = int(answer.read())
    if arrived != count:
        sys.exit(f"{arrived:,} of {count:,} events arrived: nothing was measured")


def _rates(
    what: str, target: list[float], other: tuple[list[float], str], asked: float, name: str
) -> Line:
    ours, theirs = statistics.median(target), statistics.median(other[0])
    return Line(
        what=what,
        ours=f"{ours:,.0f}/s",
        against=f"{theirs:,.0f}/s, {other[1]}",
        ratio=f"{ours / theirs:.2f}",
        asked=f"≥ {asked}",
        name=name,
        score=ours / theirs / asked,
    )


def measure(*, quick: bool) -> Iterator[Line]:
    """Measure the target; `quick` takes fewer records."""
    with tempfile.TemporaryDirectory() as folder:
        counts, repeats = (QUICK, 3) if quick else (FULL, REPEATS)
        yield from Measures(Path(folder), counts, repeats).lines()


def main() -> None:
    """Measure, and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer records, two minutes")
    quick = parser.parse_args().quick
    if os.getloadavg()[0] > BUSY:
        print("This machine is busy: sender, compressor and receiver will wait for each other.\n")
    print(HEAD)
    for line in measure(quick=quick):
        print(line, flush=True)


if __name__ == "__main__":
    main()
