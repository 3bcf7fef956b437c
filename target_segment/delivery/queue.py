"""Delivery queue: all streams' events in order, several batches in flight, and the safe STATE."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_segment.errors import DeliveryError
from target_segment.run_stats import RunStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_segment.clock import Clock
    from target_segment.delivery.batch_sender import BatchSender
    from target_segment.delivery.batching import Batch, Batcher
    from target_segment.segment_spec import Event

# How often the main thread checks for a signal while it waits.
_POLL_SECONDS = 0.2
# A row that gives several events under one id loses all but the first: Segment drops the others.
_SHARED_ID = "not sent: an event of another name has its message id (add a field to message_id)"


@dataclass(frozen=True, slots=True)
class _InFlightBatch:
    """A batch in flight: the number of its first event, and the counts of what is settled."""

    first: int
    stats: RunStats
    sent: Future[None]


@dataclass(kw_only=True, slots=True)
class _PendingState:
    """A STATE that covers the events up to and including number `last`."""

    last: int
    since: float
    state: Any


@dataclass(kw_only=True, eq=False)
class DeliveryQueue:
    """Delivers events in order, and returns the STATE that is safe to emit.

    One thread calls all methods; other threads send. An event is *settled* when the receiver has
    acknowledged it, or when it is in the dead-letter file. A STATE older than `state_seconds` has
    its events sent without a full batch. `check_interrupt` is called while waiting; it raises to
    end the wait. All methods but `end` raise `TargetSegmentError` if the delivery has failed.
    """

    sender: BatchSender
    batcher: Batcher
    concurrency: int
    state_seconds: float
    clock: Clock
    check_interrupt: Callable[[], None]
    stats: RunStats = field(default_factory=RunStats)

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(self.concurrency, thread_name_prefix="segment")
        self._in_flight: deque[_InFlightBatch] = deque()
        self._states: deque[_PendingState] = deque()
        self._enqueued = 0
        self._submitted = 0
        # The first error, written by the sending threads.
        self._error: Exception | None = None

    def enqueue(self, event: Event) -> None:
        """Take an event to deliver; waits while too many batches are in flight."""
        name = self.batcher.name_of(event.message_id)
        if name is not None:
            self.stats.merged += 1
            if name != event.name:
                self.stats.warnings[event.stream, _SHARED_ID] += 1
            return
        closed = self.batcher.add(event)
        self._enqueued += 1
        if closed is not None:
            self._submit(closed)

    def add_state(self, state: Any) -> None:
        """Queue a STATE that covers all events so far."""
        newest = self._states[-1] if self._states else None
        if newest is not None and (newest.last > self._submitted or newest.last == self._enqueued):
            # Both wait for the same batch, so the older one would never be emitted.
            newest.state, newest.last = state, self._enqueued
            return
        self._states.append(
            _PendingState(last=self._enqueued, since=self.clock.monotonic(), state=state)
        )

    def take_safe_state(self) -> Any | None:
        """Remove and return the newest STATE whose events are all settled; None if there is none.

        If the newest STATE is older than `state_seconds`, its unfinished batch is sent; that waits
        while more than `concurrency` batches are in flight.
        """
        newest = self._states[-1] if self._states else None
        if (
            newest is not None
            and newest.last > self._submitted
            and self.clock.monotonic() - newest.since >= self.state_seconds
        ):
            self._submit(self.batcher.flush())
        self._collect()
        return self._newest_settled()

    def flush(self) -> None:
        """Send the unfinished batch, and return when all events are settled."""
        self._submit(self.batcher.flush())
        while self._in_flight:
            if all(batch.sent.done() for batch in self._in_flight):
                self._collect()
                self.sender.refusals.release()
            self._await_any()

    def end(self, grace_seconds: float) -> Any | None:
        """Stop, and return the newest STATE whose events are all settled; None if there is none.

        Batches in flight may finish within `grace_seconds`, nothing else is sent.
        """
        self.sender.stop.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        # `wait` never returns for a future that was cancelled before it began.
        started = [batch.sent for batch in self._in_flight if not batch.sent.cancelled()]
        wait(started, timeout=grace_seconds)
        for batch in self._in_flight:
            if batch.sent.done():
                self.stats.add(batch.stats)
        if not self.sender.refusals.is_holding:
            while self._in_flight and _succeeded(self._in_flight[0].sent):
                self._in_flight.popleft()
        return self._newest_settled()

    @property
    def is_idle(self) -> bool:
        """Whether no request is in flight."""
        return all(batch.sent.done() for batch in self._in_flight)

    def _newest_settled(self) -> Any | None:
        settled = self._in_flight[0].first - 1 if self._in_flight else self._submitted
        state = None
        while self._states and self._states[0].last <= settled:
            state = self._states.popleft().state
        return state

    def _submit(self, batch: Batch | None) -> None:
        if not batch:
            return
        # One more batch than threads, so that no thread is idle.
        while sum(not batch.sent.done() for batch in self._in_flight) > self.concurrency:
            self._await_any()
        stats = RunStats()
        try:
            sent = self._threads.submit(self._send, batch, stats)
        except RuntimeError:
            # A running thread may send it all the same: the next run repeats it under its ids.
            raise DeliveryError(
                "No thread could be started for sending; allow this process more threads, or "
                "lower max_concurrency"
            ) from None
        # Only now: events counted without a batch in flight would look settled.
        self._in_flight.append(_InFlightBatch(self._submitted + 1, stats, sent))
        self._submitted += len(batch)

    def _await_any(self) -> None:
        in_flight = [batch.sent for batch in self._in_flight if not batch.sent.done()]
        wait(in_flight, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
        self.check_interrupt()
        self._collect()

    def _collect(self) -> None:
        if self._error is not None:
            raise self._error
        while self._in_flight and self._in_flight[0].sent.done():
            error = self._in_flight[0].sent.exception()
            if error is not None:
                # This batch may have been cancelled because of another one's error.
                raise self._error or error
            if self.sender.refusals.is_holding:
                # No event was accepted yet, and the refused ones are in no file.
                return
            self.stats.add(self._in_flight.popleft().stats)

    def _send(self, batch: Batch, stats: RunStats) -> None:
        """Settle a batch; runs in a sending thread."""
        try:
            self.sender.send(batch, stats)
        except BaseException as error:
            if isinstance(error, Exception) and not self.sender.stop.is_set():
                self._error = error
            # No STATE can cover what comes after a gap, so the other batches stop too.
            self.sender.stop.set()
            raise


def _succeeded(future: Future[None]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
