"""Items that a run sets aside: counts by kind, and a file of rejected report rows.

One bad item costs that item: it is counted, the first of its kind is logged as a warning, and the
run continues. What a row held is written to the file only, never to the log.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from tap_freshchat.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

REJECTED_ROWS = "report rows rejected"
# Rows by which it is known that a row is written already: some 10 MB.
MAX_KNOWN_ROWS = 100_000


@dataclass
class SetAside:
    """Items that one run sets aside. Safe to use from several threads.

    `path` is the file of rejected rows: JSON lines, appended to, readable by the owner only. It is
    created with the first row.
    """

    path: Path
    counts: Counter[str] = field(default_factory=Counter, init=False)
    _rows: set[int] = field(default_factory=set, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _log: ClassVar = logging.getLogger("tap-freshchat")

    def item(self, kind: str, reason: str) -> None:
        """Count one item of a kind, such as `conversations without details`.

        `reason` says what happened and what to change, in whole sentences. It is logged with the
        first item of the kind.
        """
        with self._lock:
            self.counts[kind] += 1
            first = self.counts[kind] == 1
        if first:
            self._log.warning("%s Counted as: %s.", reason, kind)

    def row(
        self,
        report: str,
        window: str,
        line: int,
        reason: str,
        cells: Sequence[str] | Mapping[str, str],
    ) -> None:
        """Write a rejected row to the file, with its report, window, line and reason.

        Several streams read one report; a row is written once a run. ReportError if the file cannot
        be written.
        """
        entry = {
            "report": report,
            "window": window,
            "line": line,
            "reason": reason,
            "row": cells,
        }
        text = json.dumps(entry, default=dict) + "\n"
        with self._lock:
            if (key := hash(text)) in self._rows:
                return
            if len(self._rows) >= MAX_KNOWN_ROWS:
                # A row may then be written twice.
                self._rows.clear()
            self._rows.add(key)
            try:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
                with os.fdopen(os.open(self.path, flags, 0o600), "a", encoding="ascii") as file:
                    file.write(text)
            except OSError as error:
                raise ReportError(
                    f"Rejected rows cannot be written to {self.path} ({error.strerror}). Set "
                    f"rejected_rows_path to a file that can be written."
                ) from None
        self.item(
            REJECTED_ROWS,
            f"Report {report} for {window}: line {line} {reason}. It is written to {self.path} "
            f"(setting rejected_rows_path).",
        )

    def log_summary(self) -> None:
        """Log all counts as one warning; nothing if the run set nothing aside."""
        if self.counts:
            parts = (f"{count} {kind}" for kind, count in sorted(self.counts.items()))
            self._log.warning("Set aside in this run: %s.", "; ".join(parts))
