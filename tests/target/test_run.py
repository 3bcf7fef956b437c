"""The objects of a run, as they are put together."""

import json
import logging
from datetime import datetime, timezone

from target_segment.delivery.batch_sender import Clock
from target_segment.run import build_run
from target_segment.segment_spec import Reason
from target_segment.target import TargetSegment

NOW = datetime(2026, 11, 22, 10, 55, 22, 220_999, tzinfo=timezone.utc)


def test_every_part_of_a_run_has_the_time_of_day_that_the_run_is_given(settings, dead):
    target = TargetSegment(config={**settings, "dry_run": True})
    logger = logging.getLogger("test")
    clock = Clock(now=lambda: 0.0, utc_now=lambda: NOW)
    run = build_run(target.settings, "1", lambda: None, logger, clock=clock)
    run.dry_run.post([b"{}"], 0)
    run.dead_letters.write_record("orders", ["id"], {}, Reason("refused", "it was"))
    run.close()
    assert run.now() == NOW
    assert run.dry_run.path.name == "segment-2026-11-22T10-55-22-220999Z.jsonl"
    assert json.loads(run.dry_run.path.read_text())["sentAt"] == "2026-11-22T10:55:22.220Z"
    assert [letter["time"] for letter in dead()] == [NOW.isoformat()]
