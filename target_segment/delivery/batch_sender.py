"""Sender of one batch: attempts, back-off, and bisecting down to the rejected event."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from random import random
from typing import TYPE_CHECKING

from target_segment.delivery.rate_limiter import RateLimiter
from target_segment.delivery.refusals import Refusals
from target_segment.delivery.responses import Outcome
from target_segment.errors import DeliveryError
from target_segment.segment_spec import Reason

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from target_segment.clock import Clock
    from target_segment.dead_letters import DeadLetters
    from target_segment.delivery.batching import Batch
    from target_segment.delivery.client import BatchTransport
    from target_segment.delivery.responses import PostResult
    from target_segment.run_stats import RunStats
    from target_segment.segment_spec import Event

# Segment's rule for its own libraries since 2026 (segment-analytics-python 2.4.0).
INITIAL_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 60.0

# Segment adds the host's clock error to every event's time; a few seconds are network delay.
MAX_CLOCK_SKEW_SECONDS = 5.0


class SendCancelled(Exception):  # noqa: N818 - an outcome, not an error
    """The run ends while a batch waits for its turn."""


@dataclass(kw_only=True, eq=False)
class BatchSender:
    """Sends batches through a transport; safe to share between threads.

    The rate limit `events_per_second` includes retries; 0 is none. One body is retried for
    `retry_seconds`. Only `known_event_names` are counted by name.
    """

    transport: BatchTransport
    dead_letters: DeadLetters
    events_per_second: float
    retry_seconds: float
    clock: Clock
    logger: logging.Logger
    known_event_names: AbstractSet[str]
    on_accepted: Callable[[Batch], object] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._limiter = RateLimiter(self.events_per_second, self.clock.monotonic, self._sleep)
        self._clock_was_wrong = False
        self.refusals = Refusals(self.dead_letters)

    def send(self, batch: Batch, stats: RunStats) -> None:
        """Send a batch; on return each event is acknowledged, a dead letter, or held.

        `stats` counts what is settled, also when this raises: `TargetSegmentError` if the rest
        cannot be delivered, `SendCancelled` if `stop` was set while the batch waited.
        """
        parts = [batch]
        while parts:
            part = parts.pop()
            result = self._post(part, stats)
            refused = [event for event in part if event.message_id in result.rejected]
            if result.outcome is Outcome.ACCEPTED:
                self._accept(part, stats)
            elif result.outcome is Outcome.PARTLY_ACCEPTED and len(refused) == len(result.rejected):
                # Sending the others again would duplicate them where ids are not compared.
                self._accept(
                    [event for event in part if event.message_id not in result.rejected], stats
                )
                for event in refused:
                    self._refuse(event, result, stats)
            elif len(part) == 1:
                self._refuse(part[0], result, stats)
            else:
                half = len(part) // 2
                parts += [part[half:], part[:half]]

    def _accept(self, events: Batch, stats: RunStats) -> None:
        if events:
            self.refusals.note_accepted()
            stats.count_sent(events, self.known_event_names)
            self.on_accepted(events)

    def _refuse(self, event: Event, result: PostResult, stats: RunStats) -> None:
        whose = "alone in a request" if result.outcome is Outcome.REFUSED else "by its id"
        reason = Reason("refused", f"rejected with {result.status}, {whose}")
        self.refusals.add(event, reason, stats)

    def _post(self, events: Batch, stats: RunStats) -> PostResult:
        """Post until the result is final."""
        payloads = [event.payload for event in events]
        give_up_at: float | None = None
        attempt = counted = 0
        while True:
            self._limiter.acquire(len(events))
            if self.stop.is_set():
                raise SendCancelled
            result = self.transport.post(payloads, attempt)
            stats.requests += 1
            stats.retries += bool(attempt)
            stats.body_bytes += result.body_bytes
            stats.sent_bytes += result.sent_bytes
            self._check_clock(result)
            if result.outcome is not Outcome.RETRY:
                return result
            attempt += 1
            # A wait that the receiver asks for does not count as a failed attempt.
            counted += not result.wait
            now = self.clock.monotonic()
            give_up_at = now + self.retry_seconds if give_up_at is None else give_up_at
            pause = result.wait or min(backoff_seconds(counted), give_up_at - now)
            if now + (result.wait or 0) > give_up_at or pause <= 0:
                raise DeliveryError(
                    f"Events could not be delivered: {result.status} at attempt {attempt}; nothing "
                    "is lost, run again later (max_retry_seconds limits the retries)"
                )
            if result.wait:
                self._limiter.pause(pause)
            else:
                self._sleep(pause)

    def _sleep(self, seconds: float) -> None:
        if self.clock.wait(self.stop, seconds):
            raise SendCancelled

    def _check_clock(self, result: PostResult) -> None:
        skew = result.clock_skew
        if skew is None or abs(skew) <= MAX_CLOCK_SKEW_SECONDS or self._clock_was_wrong:
            return
        self._clock_was_wrong = True
        self.logger.warning(
            "This host's clock is %.0f s %s Segment's, and Segment shifts the time of every event "
            "by that much; synchronise the clock (NTP)",
            abs(skew),
            "ahead of" if skew > 0 else "behind",
        )


def backoff_seconds(attempts: int, jitter: Callable[[], float] = random) -> float:
    """Return the seconds to wait after so many failed attempts.

    Doubles from `INITIAL_BACKOFF_SECONDS` to `MAX_BACKOFF_SECONDS`, plus up to a tenth, so that
    hosts that failed together do not retry together.
    """
    # Beyond any doubling that counts, a float would overflow.
    pause = INITIAL_BACKOFF_SECONDS * 2.0 ** min(attempts - 1, 30)
    return min(pause, MAX_BACKOFF_SECONDS) * (1 + jitter() / 10)
