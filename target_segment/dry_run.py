"""Dry run: the request bodies, one a line, and the preview page, in files."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from target_segment.delivery.batching import build_body, gzip_body, iso_milliseconds
from target_segment.delivery.responses import Outcome, PostResult
from target_segment.errors import DeliveryError
from target_segment.preview.page import render_page
from target_segment.preview.statistics import Preview

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from target_segment.clock import Clock
    from target_segment.run_stats import RunStats
    from target_segment.run_summary import RunSummary


class DryRun:
    """Writes bodies to a file in `directory` instead of posting them, without the write key."""

    def __init__(self, directory: Path, clock: Clock, version: str) -> None:
        self._version = version
        self._clock = clock
        self.preview = Preview(clock.now())
        self.path = directory / f"segment-{self.preview.started:%Y-%m-%dT%H-%M-%S-%f}Z.jsonl"

    def post(self, payloads: Sequence[bytes], attempt: int) -> PostResult:  # noqa: ARG002
        """Append a body to the file; raises `DeliveryError` if it cannot be written."""
        body = build_body(payloads, iso_milliseconds(self._clock.now()), None)
        _append(self.path, body + b"\n")
        return PostResult(
            outcome=Outcome.ACCEPTED,
            status="written",
            body_bytes=len(body),
            sent_bytes=len(gzip_body(body)),
        )

    def write_preview(self, stats: RunStats, summary: RunSummary) -> Path:
        """Write the preview page beside the file; raises `DeliveryError` if it cannot be."""
        path = self.path.with_suffix(".html")
        page = render_page(self.preview, stats, summary, self._version)
        _append(path, page.encode(errors="replace"))
        return path


def _append(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Bodies hold personal data: only the owner may read them.
        with open(path, "ab", opener=partial(os.open, mode=0o600)) as file:
            file.write(content)
    except OSError as error:
        raise DeliveryError(
            f"The file {path} cannot be written: {error.strerror}; change output_path"
        ) from None
