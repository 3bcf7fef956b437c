"""Report files of any length: some real rows of the sandbox, copied under other ids."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from freshchat_sandbox import Options
from freshchat_sandbox.account.account import SandboxAccount
from freshchat_sandbox.account.timestamps import from_datetime
from freshchat_sandbox.reports.catalog import REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRANSCRIPT = "Chat-Transcript"
CONVERSATION_REPORTS = (
    "Conversation-Created",
    "Conversation-Group-Assigned",
    "Conversation-Agent-Assigned",
    "Conversation-Resolved",
    "Conversation-Resolution-Label",
)
# Separates an id of the account from the number of its copy; no id of the account contains it.
COPY = "~"
ROWS_AT_A_TIME = 5000


def write_transcript(folder: Path, until: datetime, rows: int) -> None:
    """One day's transcript of so many rows."""
    # An account with 70 conversations a day has some thousand messages a day.
    account = SandboxAccount(Options(conversations_per_day=70))
    _write(folder, account, (TRANSCRIPT,), until - timedelta(days=1), until, rows)


def write_conversation_reports(folder: Path, until: datetime, rows: int) -> None:
    """The five reports of conversations, of 28 days, of so many rows together."""
    account = SandboxAccount(Options(conversations_per_day=10))
    _write(folder, account, CONVERSATION_REPORTS, until - timedelta(days=28), until, rows)


def _write(  # noqa: PLR0913, PLR0917 - each is one fact about the files
    folder: Path,
    account: SandboxAccount,
    reports: tuple[str, ...],
    start: datetime,
    until: datetime,
    rows: int,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        name: sorted(
            REPORTS[name].rows_between(
                account, from_datetime(start), from_datetime(until), with_pii=True
            ),
            key=partial(_time, name),
        )
        for name in reports
    }
    real = sum(map(len, found.values()))
    for name, template in found.items():
        share = round(rows * len(template) / real)
        lines = islice(_copies(name, template, -(-rows // real)), share)
        _pack(folder / f"{name}.zip", REPORTS[name].columns, lines)


def _time(report: str, row: tuple[object, ...]) -> str:
    column = "created_time" if report == TRANSCRIPT else "created_at"
    return str(row[REPORTS[report].columns.index(column)])


def _copies(report: str, template: list[tuple[object, ...]], times: int) -> Iterator[list[object]]:
    """Every row so many times, in the template's order, each copy with ids of its own."""
    columns = REPORTS[report].columns
    keys = {"message_id", "conversation_id"}
    suffixed = [at for at, name in enumerate(columns) if name in keys]
    interaction = columns.index("interaction_id") if "interaction_id" in columns else None
    for row in template:
        for number in range(times):
            copy = list(row)
            for at in suffixed:
                copy[at] = f"{row[at]}{COPY}{number}"
            if interaction is not None:
                copy[interaction] = f"{number}{row[interaction]}"
            yield copy


def _pack(path: Path, columns: tuple[str, ...], rows: Iterator[list[object]]) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(f"{path.stem}.csv", "w", force_zip64=True) as file,
    ):
        batch: list[list[object]] = [list(columns)]
        while batch:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(batch)
            file.write(text.getvalue().encode())
            batch = list(islice(rows, ROWS_AT_A_TIME))
