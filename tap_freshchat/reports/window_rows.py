"""Rows of one report window: checked one by one, and together against the window."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

from tap_freshchat.errors import ReportError, RowError
from tap_freshchat.reports import csv_files
from tap_freshchat.reports.columns import APPROXIMATE, COLUMNS, ReportColumns
from tap_freshchat.times import format_time, read_time_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo
    from pathlib import Path

    from tap_freshchat.reports.csv_rows import ColumnNames
    from tap_freshchat.set_aside import SetAside
    from tap_freshchat.windows import Window

# More rejected rows than both in one file mean that the file is wrong, not the rows.
MAX_REJECTED = 20
MAX_REJECTED_SHARE = 0.05
# A file of any size with more is wrong; reading it ends at once.
MAX_REJECTED_IN_ALL = 100_000
# So few rows may all be odd.
FEW_ROWS = 5
# Rows of a file among which some are outside, in any order, if the zone is wrong: of 28 days, 25
# minutes are a dozen rows of so many.
MANY_ROWS = 20_000
# Rows held back until it is known whether they lie in the window.
_HELD_BACK = 500
# The service adds a row to the window in which it writes it, some seconds after its event.
_SLACK = timedelta(minutes=2)
# The offsets of zones differ by half an hour, with few exceptions (IANA).
_SMALLEST_OFFSET = timedelta(minutes=25)


@dataclass
class WindowRows:
    """Rows of one report in one window, from all of its files.

    `zone` is that of times without an offset. `is_raw` marks a stream of plain rows: another
    time column replaces a blank one, and rows far outside the window are only warned about.
    """

    report: str
    window: Window
    zone: tzinfo
    set_aside: SetAside
    _: KW_ONLY
    is_raw: bool
    _count: int = field(default=0, init=False)
    _outside: int = field(default=0, init=False)
    _offsets: list[timedelta] = field(default_factory=list, init=False)
    _earliest: datetime | None = field(default=None, init=False)
    _latest: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        columns = COLUMNS.get(self.report, ReportColumns((), {}))
        self._time_name = columns.time
        self._time_headers = (f"{columns.time}_column", *columns.headers.get(columns.time, ()))
        self._filled = () if self.is_raw else tuple(columns.filled)
        self._start, self._end = self.window.start - _SLACK, self.window.end + _SLACK

    def check_times(
        self, files: Sequence[Path], names: ColumnNames, *, limit: int | None = MANY_ROWS
    ) -> int:
        """See whether the times of rows can be in the zone that is set, before a row is used.

        A zone that is wrong moves a few hours of a long window out of it, on one side, and leaves
        as many hours empty on the other. The first `limit` rows of a file, which may be in any
        order, and its last ones show whether any row is outside; if so, all rows are read. Returns
        the number of rows. ReportError if the zone is wrong; a few rows are only warned about.
        """
        is_whole = True
        for file in files:
            rows = csv_files.rows(file, names, lambda *_: None)
            if self._look_at(islice(rows, limit)) == limit:
                is_whole = False
                if not self._look_at(csv_files.last_rows(file, names)):
                    return replace(self).check_times(files, names, limit=None)
        most_are_outside = self._outside * 2 > self._count
        if self._earliest is None or self._latest is None or most_are_outside:
            # What reading them finds as well.
            return self._count
        early, late = self.window.start - self._earliest, self._latest - self.window.end
        if max(early, late) >= _SMALLEST_OFFSET and not is_whole:
            return replace(self).check_times(files, names, limit=None)
        empty_after, empty_before = (
            self.window.end - self._latest,
            self._earliest - self.window.start,
        )
        for apart, empty, sign in ((early, empty_after, -1), (late, empty_before, 1)):
            if apart >= _SMALLEST_OFFSET and empty >= apart - _SMALLEST_OFFSET:
                self._fail_or_warn(sign * apart, rows=self._outside)
        return self._count

    def _look_at(self, rows: Iterable[tuple[int, dict[str, str]]]) -> int:
        count = 0
        for count, (_, row) in enumerate(rows, 1):  # noqa: B007 - the last one counts
            with suppress(RowError):
                self._check(row)
        return count

    def rows(self, file: Path, names: ColumnNames) -> Iterator[dict[str, str]]:
        """Rows of a file that have what their record needs; the others are set aside.

        Raises:
            ReportError: too many rows cannot be used, or most lie outside the window.
        """
        count = rejected = 0

        def reject(line: int, reason: str, cells: Sequence[str] | dict[str, str]) -> None:
            nonlocal rejected
            rejected += 1
            self.set_aside.row(self.report, str(self.window), line, reason, cells)
            if rejected > MAX_REJECTED_IN_ALL:
                self._fail_for_rejected(rejected, max(count, rejected))

        held: list[dict[str, str]] | None = []
        for line, row in csv_files.rows(file, names, reject):
            count += 1
            try:
                self._check(row)
            except RowError as error:
                reject(line, str(error), row)
                continue
            if held is None:
                yield row
                continue
            held.append(row)
            if len(held) == _HELD_BACK:
                self._check_window()
                yield from held
                held = None
        self._check_rejected(rejected, count)
        self._check_window()
        yield from held or ()

    def _check(self, row: dict[str, str]) -> None:
        for name in self._filled:
            if not row[name].strip():
                raise RowError(f"has no {name}")
        if self.is_raw and self._time_name not in row:
            return
        time = self._time(row)
        self._count += 1
        if self._earliest is None or self._latest is None:
            self._earliest = self._latest = time
        elif time < self._earliest:
            self._earliest = time
        elif time > self._latest:
            self._latest = time
        if not self._start <= time < self._end:
            self._outside += 1
            if len(self._offsets) < _HELD_BACK:
                early = time < self.window.start
                self._offsets.append(time - (self.window.start if early else self.window.end))

    def _time(self, row: dict[str, str]) -> datetime:
        name = self._time_name
        text = row[name]
        is_blank = not text.strip()
        if is_blank and self.is_raw:
            others = self._time_headers
            text = next((row[other] for other in others if row.get(other, "").strip()), "")
        if is_blank and not text.strip():
            raise RowError(f"has no {name}")
        try:
            time, is_unclear = read_time_in(self.zone, text)
        except ValueError as error:
            raise RowError(f"has a {name} that is {error}") from None
        is_utc = self.zone is timezone.utc or not time.astimezone(self.zone).utcoffset()
        if is_blank or is_unclear or not is_utc:
            row[name] = format_time(time)
        if is_unclear and not self.is_raw:
            row[APPROXIMATE] = "true"
        return time

    def _check_rejected(self, rejected: int, count: int) -> None:
        total = max(count, rejected)
        too_many = rejected > MAX_REJECTED and rejected > MAX_REJECTED_SHARE * total
        if too_many or (rejected == total and total >= FEW_ROWS):
            self._fail_for_rejected(rejected, total)

    def _fail_for_rejected(self, rejected: int, total: int) -> NoReturn:
        raise ReportError(
            f"Report {self.report} for {self.window}: {rejected:,} of {total:,} rows of a file "
            f"cannot be used; {self.set_aside.path} has them with the reasons (setting "
            f"rejected_rows_path). If other columns hold the values, name them in setting "
            f"report_columns."
        )

    def _check_window(self) -> None:
        if self._outside * 2 > self._count:
            apart = sorted(self._offsets)[len(self._offsets) // 2]
            self._fail_or_warn(apart, rows=self._count)

    def _fail_or_warn(self, apart: timedelta, *, rows: int) -> None:
        """ReportError if so many rows show it that it is no matter of a few; else a warning."""
        text = (
            f"Report {self.report} for {self.window}: {self._outside:,} of {self._count:,} rows "
            f"have a time outside of the period, by {apart / timedelta(hours=1):+.1f} hours. If "
            f"the report writes times in another zone, set report_time_zone; if another column "
            f"holds the time, name it in setting report_columns."
        )
        if rows >= FEW_ROWS and not self.is_raw:
            raise ReportError(text)
        self.set_aside.item("report rows outside of their period", text)
