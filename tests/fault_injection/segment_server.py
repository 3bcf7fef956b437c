"""Faults of Segment, as responses of the fake Segment."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from fakes.faulty_server import Form
from fakes.segment import ACCEPTED, Scripted

from fault_injection.fault_kinds import Channel

if TYPE_CHECKING:
    from fakes.segment import FakeSegment

    from fault_injection.injector import FaultInjector
    from fault_injection.schedules import Fault

WRITE_KEY = "wk-5c1e77d0a94b4c3f"
POISON = "event-poison"
# One event in so many is poison.
POISON_SHARE = 23
SLOW_SECONDS = 0.05
_PAGE = "<html><body>Bad gateway</body></html>"
_ERROR_STATUSES = (500, 502, 503, 504, 529)


class SegmentFaults:
    """The fault of the next batch request.

    Attributes:
        poison: Whether some events are rejected, in whatever batch they are sent.
        refused: Number of batches rejected for it.
    """

    def __init__(self, segment: FakeSegment, injector: FaultInjector) -> None:
        self.poison = False
        self.refused = 0
        self._injector = injector
        segment.fault = self.next_response
        segment.is_poison = self._is_poison

    def next_response(self) -> Scripted | None:
        """The response to the request that just arrived; None for the usual one."""
        fault = self._injector.next_fault(Channel.BATCH)
        if fault is None:
            return None
        if fault.kind == POISON:
            self.poison = True
            return None
        if fault.kind == "batch-slow-to-store":
            time.sleep(SLOW_SECONDS)
            return None
        return response_for(fault)

    def _is_poison(self, event: dict[str, Any]) -> bool:
        # Depends on the event only, so that a retry has the same result.
        digest = hashlib.sha256(event["messageId"].encode()).digest()
        guilty = self.poison and not digest[0] % POISON_SHARE
        self.refused += guilty
        return guilty


def response_for(fault: Fault) -> Scripted:
    """The response that a kind of fault gives."""
    wait = 1 + fault.choice % 20
    refusal = _ERROR_STATUSES[fault.choice % len(_ERROR_STATUSES)]
    soon = datetime.now(timezone.utc) + timedelta(seconds=wait)
    busy = {"success": False, "message": "too many requests"}
    stored: dict[str, Any] = {"status": 200, "stored": True, "json": ACCEPTED}
    return {
        "batch-429-seconds": Scripted(status=429, json=busy, headers={"Retry-After": str(wait)}),
        "batch-429-date": Scripted(
            status=429,
            json=busy,
            headers={"Retry-After": format_datetime(soon, usegmt=True)},
        ),
        "batch-429-reset": Scripted(
            status=429,
            json=busy,
            headers={"X-RateLimit-Reset": str(wait)},
        ),
        "batch-460": Scripted(status=460),
        "batch-5xx": Scripted(status=refusal),
        "batch-5xx-stored": Scripted(status=refusal, stored=True),
        "batch-reset-before": Scripted(status=0),
        "batch-reset-after": Scripted(status=0, stored=True),
        "batch-cut": Scripted(**stored, form=Form.CUT),
        "batch-dripping": Scripted(**stored, form=Form.DRIPPING),
        "batch-stalled": Scripted(**stored, form=Form.STALLED),
        "batch-html": Scripted(status=200, json=_PAGE),
        "batch-html-5xx": Scripted(status=502, json=_PAGE),
        "batch-400": Scripted(status=400),
        "batch-413": Scripted(status=413),
        "batch-no-success": Scripted(status=200),
    }[fault.kind]
