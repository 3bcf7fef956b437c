"""The objects of a run, as they are put together."""

import json
import logging
from datetime import datetime, timezone

from target_segment.events import Reason
from target_segment.sending.sender import Time
from target_segment.target import TargetSegment
from target_segment.wiring import start_run

NOW = datetime(2026, 11, 22, 10, 55, 22, 220_999, tzinfo=timezone.utc)


def test_every_part_of_a_run_has_the_time_of_day_that_the_run_is_given(settings, dead):
    target = TargetSegment(config={**settings, "dry_run": True})
    logger = logging.getLogger("test")
    clock = Time(now=lambda: 0.0, utc_now=lambda: NOW)
    run = start_run(target.settings, "1", lambda: None, logger, clock=clock)
    run.dry_run.post([b"{}"], 0)
    run.dead_letters.keep_record("orders", ["id"], {}, Reason("refused", "it was"))
    run.close()
    assert run.now() == NOW
    assert run.dry_run.path.name == "segment-2026-11-22T10-55-22-220999Z.jsonl"
    assert json.loads(run.dry_run.path.read_text())["sentAt"] == "2026-11-22T10:55:22.220Z"
    assert [letter["time"] for letter in dead()] == [NOW.isoformat()]
