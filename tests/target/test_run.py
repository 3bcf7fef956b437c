"""Run: the objects that all streams share."""

import json
import logging
from datetime import datetime, timezone

from fakes.clock import StillClock

from target_segment.run import build_run
from target_segment.segment_spec import Reason
from target_segment.target import TargetSegment

NOW = datetime(2026, 11, 22, 10, 55, 22, 220_999, tzinfo=timezone.utc)


def test_every_part_of_a_run_uses_the_clock_of_the_run(settings, dead):
    target = TargetSegment(config={**settings, "dry_run": True})
    logger = logging.getLogger("test")
    run = build_run(
        target.settings,
        "1",
        check_interrupt=lambda: None,
        logger=logger,
        clock=StillClock(NOW),
    )
    run.dry_run.post([b"{}"], 0)
    run.dead_letters.write_record("orders", ["id"], {}, Reason("refused", "it was"))
    run.close()
    assert run.clock.now() == NOW
    assert run.dry_run.path.name == "segment-2026-11-22T10-55-22-220999Z.jsonl"
    assert json.loads(run.dry_run.path.read_text())["sentAt"] == "2026-11-22T10:55:22.220Z"
    assert [entry["time"] for entry in dead()] == [NOW.isoformat()]
