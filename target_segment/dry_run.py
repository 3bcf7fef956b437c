"""A dry run's file: the bodies as they would be posted, one a line, without the write key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from target_segment.batching import body_of
from target_segment.client import Answer, Outcome, gzipped, iso_milliseconds
from target_segment.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path


class DryRun:
    """Takes bodies to a file instead of Segment.

    Args:
        directory: Where the file is made, with the first body.
        now: The time of day, in UTC.
    """

    write_key = None

    def __init__(self, directory: Path, now: Callable[[], datetime]) -> None:
        self.path = directory / f"segment-{now():%Y-%m-%dT%H-%M-%S-%f}Z.jsonl"
        self._now = now

    def post(self, payloads: Sequence[bytes], attempt: int) -> Answer:  # noqa: ARG002
        """Append a body to the file.

        Raises:
            DeliveryError: The file cannot be written.
        """
        body = body_of(payloads, iso_milliseconds(self._now()), None)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "ab", opener=_owner_only) as file:
                file.write(body + b"\n")
        except OSError as error:
            raise DeliveryError(
                f"The file {self.path} cannot be written: {error.strerror}; change output_path"
            ) from None
        return Answer(
            outcome=Outcome.ACCEPTED,
            status="written",
            body_bytes=len(body),
            sent_bytes=len(gzipped(body)),
        )


def _owner_only(path: str, flags: int) -> int:
    """Open a file that nobody else may read: the bodies hold what customers wrote."""
    return os.open(path, flags, 0o600)
