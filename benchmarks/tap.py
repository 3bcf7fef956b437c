"""Measures the tap and prints one table: `python benchmarks/tap.py [--quick]`.

Everything runs on this machine against the embedded Freshchat. What is compared is measured in
turns within the same run; figures are medians.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from account_walks import requests_of_peer, requests_of_tap
from far_end import listening, ready_reports, slow
from ready_reports import write_conversation_reports, write_transcript
from table import HEAD, Line
from tap_process import ENVIRONMENT, Ran, run_tap

from freshchat_sandbox import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox import Request

HERE = Path(__file__).parent
DAY = timedelta(days=1)
FEW_ROWS = 10_000
REPEATS = 3
SAMPLE_RECORDS = 5_000
DELAY = 0.05
CONCURRENCY = 8


class Measures:
    """The measures of one run.

    Args:
        folder: for report files and output.
        until: where all windows end: the last midnight.
        rows: of the large reports.
    """

    def __init__(self, folder: Path, until: datetime, rows: int) -> None:
        self._folder = folder
        self._until = until
        self._rows = rows

    def walks(self) -> Iterator[Line]:
        """Requests of an incremental run, against walking the account."""
        ours, moved = requests_of_tap(self._until)
        peer, met = requests_of_peer(self._until)
        yield Line(
            what=f"requests when {moved:,} of {met:,} conversations moved",
            ours=f"{ours:,}",
            against=f"{peer:,}, listing users, conversations and messages",
            ratio=f"1/{peer / ours:.0f}",
            asked="≤ 1/50",
            name="tap, requests",
            score=peer / ours / 50,
        )

    def transcript(self) -> Iterator[Line]:
        """Rows a second from a transcript, against the SDK's writer; memory; state."""
        few = self._folder / "few"
        many = self._folder / "many"
        write_transcript(few, self._until, FEW_ROWS)
        write_transcript(many, self._until, self._rows)
        records = self._folder / "records.jsonl"
        small, _ = self._messages(few, records)
        lines = records.read_text(encoding="utf-8").splitlines(keepends=True)
        sample = [line for line in lines if '"RECORD"' in line][:SAMPLE_RECORDS]
        records.write_text("".join(sample), encoding="utf-8")
        ours, writers, taps, peaks = [], [], [], []
        for _ in range(REPEATS):
            ran, seconds = self._messages(many)
            ours.append(self._rows / seconds)
            peaks.append(ran.peak_mb)
            writers.append(self._rows / self._seconds_of("ready_records.py", records))
            taps.append(self._rows / self._seconds_of("ready_tap.py", records))
        rate, writer, tap, peak = map(statistics.median, (ours, writers, taps, peaks))
        what = f"messages, rows/s from a transcript of {self._rows:,}"
        for other, against, name in (
            (writer, "the SDK's writer on ready records", "tap, rows, by writer"),
            (tap, "the SDK's own loop and writer on ready records", "tap, rows, by SDK"),
        ):
            yield Line(
                what=what,
                ours=f"{rate:,.0f}/s",
                against=f"{other:,.0f}/s, {against}",
                ratio=f"{rate / other:.2f}",
                asked="≥ 1",
                name=name,
                score=rate / other,
            )
        yield self._peak("messages", small.peak_mb, peak)
        state = self._folder / "state.jsonl"
        with (
            state.open("wb") as file,
            subprocess.Popen(
                ["/usr/bin/env", "tail", "-n", "1"], stdin=subprocess.PIPE, stdout=file
            ) as tail,
        ):
            self._messages(many, tail.stdin)
            tail.communicate()
        yield Line(
            what=f"messages, state after {self._rows:,}",
            ours=f"{state.stat().st_size / 1e3:.1f} kB",
            asked="a few kB and ≤ 5,000 ids",
        )

    def events(self) -> Iterator[Line]:
        """Memory of conversation_events."""
        peaks = []
        for rows in (FEW_ROWS, self._rows):
            folder = self._folder / f"conversations-{rows}"
            write_conversation_reports(folder, self._until, rows)
            # The period gives both runs equally many rows, and so equally many look-ups.
            since = self._until - 28 * DAY * FEW_ROWS / rows
            peaks.append(self._run("conversation_events", folder, since)[0].peak_mb)
        yield self._peak("conversation_events", *peaks)

    def fan_out(self) -> Iterator[Line]:
        """Look-ups a second with many in flight, against one by one."""
        rates: dict[int, list[float]] = {1: [], CONCURRENCY: []}
        for _ in range(REPEATS):
            for concurrency, found in rates.items():
                found.append(self._look_ups_a_second(concurrency))
        one, many = (statistics.median(found) for found in rates.values())
        yield Line(
            what=f"user_conversations, requests at {DELAY * 1000:.0f} ms, {CONCURRENCY} in flight",
            ours=f"{many:.0f}/s",
            against=f"{one:.0f}/s with max_concurrency 1",
            ratio=f"{many / one:.2f}",
            asked=f"≥ {0.9 * CONCURRENCY:.1f}",
            name="tap, fan-out",
            score=many / one / (0.9 * CONCURRENCY),
        )

    def _peak(self, stream: str, few: float, many: float) -> Line:
        return Line(
            what=f"{stream}, peak memory at {self._rows:,} report rows",
            ours=f"{many:.0f} MB",
            against=f"{few:.0f} MB at {FEW_ROWS:,}",
            ratio=f"{many / few:.2f}",
            asked="≤ 150 MB",
            name=f"tap, memory, {stream.replace('_', ' ')}",
            score=150 / many,
        )

    def _messages(self, folder: Path, output: Any = None) -> tuple[Ran, float]:
        return self._run("messages", folder, self._until - DAY, output)

    def _run(
        self, stream: str, folder: Path, since: datetime, output: Any = None
    ) -> tuple[Ran, float]:
        """One run, and the seconds from fetching the first report file to the end."""
        sandbox, reports = ready_reports(folder, Options(conversations_per_day=10))
        with listening(sandbox) as url:
            ran = run_tap((stream,), self._config(url, since), output)
        return ran, ran.ended_at - (reports.fetched_at or ran.ended_at)

    def _config(self, url: str, since: datetime) -> dict[str, Any]:
        return {
            "api_url": url,
            "api_token": "sandbox",
            "start_date": since.isoformat(),
            "end_date": self._until.isoformat(),
        }

    def _seconds_of(self, script: str, records: Path) -> float:
        """What a script of this folder says it took."""
        command = [sys.executable, str(HERE / script), str(records), str(self._rows)]
        ended = subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            text=True,
            check=True,
        )
        # The SDK logs to the same place.
        return float(ended.stderr.splitlines()[-1])

    def _look_ups_a_second(self, concurrency: int) -> float:
        asked = []

        def note(request: Request) -> None:
            if "/users/" in request.path:
                asked.append(time.perf_counter())

        sandbox = slow(Options(conversations_per_day=100), DELAY, note)
        with listening(sandbox) as url:
            config = self._config(url, self._until - 4 * DAY)
            run_tap(("user_conversations",), {**config, "max_concurrency": concurrency})
        return len(asked) / (max(asked) - min(asked) + DELAY)


def measure(*, quick: bool, only: str | None = None) -> Iterator[Line]:
    """Measure the tap; `quick` takes a tenth of the rows, `only` names one measure."""
    until = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        measures = Measures(Path(folder), until, 10 * FEW_ROWS if quick else 100 * FEW_ROWS)
        every: dict[str, Callable[[], Iterator[Line]]] = {
            "walks": measures.walks,
            "transcript": measures.transcript,
            "events": measures.events,
            "fan_out": measures.fan_out,
        }
        for name, take in every.items():
            if only in {None, name}:
                yield from take()


def main() -> None:
    """Measure, and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--only", help="one measure: walks, transcript, events or fan_out")
    chosen = parser.parse_args()
    print(HEAD)
    for line in measure(quick=chosen.quick, only=chosen.only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
