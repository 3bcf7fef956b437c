"""One batch until it is settled: attempts, pauses, and halving down to the guilty event."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from random import random
from typing import TYPE_CHECKING

from target_segment.delivery.rate_limiter import RateLimiter
from target_segment.delivery.responses import Outcome
from target_segment.errors import DeliveryError
from target_segment.segment_spec import Reason

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from target_segment.dead_letters import DeadLetters
    from target_segment.delivery.batching import Batch
    from target_segment.delivery.client import BatchTransport
    from target_segment.delivery.responses import PostResult
    from target_segment.run_stats import RunStats

# Segment's rule for its own libraries since 2026 (segment-analytics-python 2.4.0).
MAX_ATTEMPTS = 10
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0

# Segment adds the host's clock error to every event's time; a few seconds are the network's.
TOLERATED_CLOCK_GAP_SECONDS = 5.0


class SendCancelled(Exception):  # noqa: N818 - an outcome: the run ends before this batch is settled
    """The run is asked to end while a batch waits for its turn."""


def _system_time() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time as a run sees it.

    Attributes:
        now: A monotonic clock, in seconds.
        wait: Waits for an event at most so many seconds; tells whether it came.
        utc_now: The time of day, in UTC.
    """

    now: Callable[[], float]
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait
    utc_now: Callable[[], datetime] = _system_time


class BatchSender:
    """Sends batches through a transport; safe to share between threads.

    Args:
        transport: Where bodies go.
        dead_letters: Where events go that are refused.
        events_per_second: Ceiling of the rate, retries included; 0 is none.
        retry_seconds: How long one body is tried again.
        time: Clock and waiting.
        logger: For the one warning about a wrong clock.
        known_event_names: The event names that are told one by one.
        accepted: Told of the events that were acknowledged.
    """

    def __init__(  # noqa: PLR0913 - keywords, one for each thing it needs
        self,
        *,
        transport: BatchTransport,
        dead_letters: DeadLetters,
        events_per_second: float,
        retry_seconds: float,
        time: Clock,
        logger: logging.Logger,
        known_event_names: AbstractSet[str],
        accepted: Callable[[Batch], object] = lambda _: None,
    ) -> None:
        self.stop = threading.Event()
        self._poster = transport
        self._dead_letters = dead_letters
        self._retry_seconds = retry_seconds
        self._time = time
        self._logger = logger
        self._spelled = known_event_names
        self._accepted = accepted
        self._pacer = RateLimiter(events_per_second, time.now, self._sleep)
        self._clock_was_wrong = False

    def send(self, batch: Batch, stats: RunStats) -> None:
        """Send a batch; when this returns, each event is acknowledged or a dead letter.

        Args:
            batch: The events.
            stats: Grows as the batch is settled, also when this raises.

        Raises:
            TargetSegmentError: The rest of the batch cannot be settled.
            SendCancelled: `stop` was set while the batch waited.
        """
        parts = [batch]
        while parts:
            part = parts.pop()
            answer = self._post(part, stats)
            if answer.outcome is Outcome.ACCEPTED:
                stats.count_sent(part, self._spelled)
                self._accepted(part)
            elif len(part) == 1:
                reason = Reason("refused", f"refused with {answer.status}, alone in a request")
                self._dead_letters.write_event(part[0], reason)
                stats.dead_letters[part[0].stream, reason.text] += 1
            else:
                half = len(part) // 2
                parts += [part[half:], part[:half]]

    def _post(self, events: Batch, stats: RunStats) -> PostResult:
        """Post until the answer is final."""
        payloads = [event.payload for event in events]
        give_up_at: float | None = None
        attempt = counted = 0
        while True:
            self._pacer.acquire(len(events))
            if self.stop.is_set():
                raise SendCancelled
            answer = self._poster.post(payloads, attempt)
            stats.requests += 1
            stats.retries += bool(attempt)
            stats.body_bytes += answer.body_bytes
            stats.sent_bytes += answer.sent_bytes
            self._check_clock(answer)
            if answer.outcome is not Outcome.RETRY:
                return answer
            attempt += 1
            # A wait that the other side asks for does not count as a failure; it only takes time.
            counted += not answer.wait
            pause = answer.wait or backoff_seconds(counted)
            now = self._time.now()
            give_up_at = now + self._retry_seconds if give_up_at is None else give_up_at
            if counted >= MAX_ATTEMPTS or now + pause > give_up_at:
                raise DeliveryError(
                    f"Segment could not be reached: {answer.status} at attempt {attempt}; nothing "
                    "is lost, run again later (max_retry_seconds says how long to try)"
                )
            if answer.wait:
                self._pacer.pause(pause)
            else:
                self._sleep(pause)

    def _sleep(self, seconds: float) -> None:
        if self._time.wait(self.stop, seconds):
            raise SendCancelled

    def _check_clock(self, answer: PostResult) -> None:
        gap = answer.clock_skew
        if gap is None or abs(gap) <= TOLERATED_CLOCK_GAP_SECONDS or self._clock_was_wrong:
            return
        self._clock_was_wrong = True
        self._logger.warning(
            "This host's clock is %.0f s %s Segment's, and Segment moves the time of every event "
            "by that much; set the clock",
            abs(gap),
            "ahead of" if gap > 0 else "behind",
        )


def backoff_seconds(attempts: int, jitter: Callable[[], float] = random) -> float:
    """Give the seconds to wait after so many failed attempts.

    Doubles from `FIRST_PAUSE_SECONDS` to `LONGEST_PAUSE_SECONDS`, with up to a tenth more, so that
    hosts that failed together do not return together.
    """
    pause = FIRST_PAUSE_SECONDS * 2.0 ** (attempts - 1)
    return min(pause, LONGEST_PAUSE_SECONDS) * (1 + jitter() / 10)
