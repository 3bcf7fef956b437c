"""A dry run's files: the bodies as they would be posted, one a line, and a page to look at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from target_segment.delivery.batching import build_body, gzip_body, iso_milliseconds
from target_segment.delivery.responses import Outcome, PostResult
from target_segment.errors import DeliveryError
from target_segment.preview.page import RunInfo, render_page
from target_segment.preview.statistics import Preview

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from target_segment.run_stats import RunStats


class DryRun:
    """Takes bodies to a file instead of Segment, without the write key.

    Args:
        directory: Where the files are made, the first one with the first body.
        now: The time of day, in UTC.
        version: This package's version.
    """

    write_key = None

    def __init__(self, directory: Path, now: Callable[[], datetime], version: str) -> None:
        self._version = version
        self._now = now
        self._began = now()
        self.preview = Preview(self._began)
        self.path = directory / f"segment-{self._began:%Y-%m-%dT%H-%M-%S-%f}Z.jsonl"

    def post(self, payloads: Sequence[bytes], attempt: int) -> PostResult:  # noqa: ARG002
        """Append a body to the file.

        Raises:
            DeliveryError: The file cannot be written.
        """
        body = build_body(payloads, iso_milliseconds(self._now()), None)
        _append(self.path, body + b"\n")
        return PostResult(
            outcome=Outcome.ACCEPTED,
            status="written",
            body_bytes=len(body),
            sent_bytes=len(gzip_body(body)),
        )

    def write_preview(self, stats: RunStats, outcome: str, dead_letters: Path) -> Path:
        """Write the page beside the file.

        Raises:
            DeliveryError: It cannot be written.
        """
        path = self.path.with_suffix(".html")
        run_info = RunInfo(
            time=self._began,
            outcome=outcome,
            bodies=self.path,
            dead_letters=dead_letters,
            version=self._version,
        )
        _append(path, render_page(self.preview, stats, run_info).encode(errors="replace"))
        return path


def _append(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab", opener=_owner_only) as file:
            file.write(content)
    except OSError as error:
        raise DeliveryError(
            f"The file {path} cannot be written: {error.strerror}; change output_path"
        ) from None


def _owner_only(path: str, flags: int) -> int:
    """Open a file that nobody else may read: the bodies hold what customers wrote."""
    return os.open(path, flags, 0o600)
