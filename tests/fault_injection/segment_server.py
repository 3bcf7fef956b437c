"""Segment's faults, as answers for the fake to give."""

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

    from fault_injection.injector import Moments
    from fault_injection.schedules import Fault

WRITE_KEY = "wk-5c1e77d0a94b4c3f"
POISON = "event-poisonous"
# One event in so many is poisonous.
POISON_SHARE = 23
SLOW_SECONDS = 0.05
_PAGE = "<html><body>Bad gateway</body></html>"
_REFUSALS = (500, 502, 503, 504, 529)


class Weather:
    """What befalls the next batch request.

    Attributes:
        poison: Whether some events are refused, whatever they are sent with.
        refused: How many bodies were refused for it.
    """

    def __init__(self, segment: FakeSegment, moments: Moments) -> None:
        self.poison = False
        self.refused = 0
        self._moments = moments
        segment.weather = self.now
        segment.poisonous = self._is_poisonous

    def now(self) -> Scripted | None:
        """The answer to the request that just came; None when it is as any other."""
        fault = self._moments.at(Channel.BATCH)
        if fault is None:
            return None
        if fault.kind == POISON:
            self.poison = True
            return None
        if fault.kind == "batch-slow-to-store":
            time.sleep(SLOW_SECONDS)
            return None
        return answer_of(fault)

    def _is_poisonous(self, event: dict[str, Any]) -> bool:
        # By what it is, so that a second attempt meets the same fate.
        digest = hashlib.sha256(event["messageId"].encode()).digest()
        guilty = self.poison and not digest[0] % POISON_SHARE
        self.refused += guilty
        return guilty


def answer_of(fault: Fault) -> Scripted:
    """One answer out of the ordinary."""
    wait = 1 + fault.choice % 20
    refusal = _REFUSALS[fault.choice % len(_REFUSALS)]
    soon = datetime.now(timezone.utc) + timedelta(seconds=wait)
    busy = {"success": False, "message": "too many requests"}
    stored = {"status": 200, "stored": True, "json": ACCEPTED}
    return {
        "batch-429-seconds": Scripted(status=429, json=busy, headers={"Retry-After": str(wait)}),
        "batch-429-date": Scripted(
            status=429, json=busy, headers={"Retry-After": format_datetime(soon, usegmt=True)}
        ),
        "batch-429-reset": Scripted(
            status=429, json=busy, headers={"X-RateLimit-Reset": str(wait)}
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
