"""All streams' events in one order, several bodies in flight, and the STATE they make safe."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_segment.errors import DeliveryError
from target_segment.run_stats import RunStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_segment.delivery.batch_sender import BatchSender
    from target_segment.delivery.batching import Batch, Batcher
    from target_segment.segment_spec import Event

# How often the waiting main thread looks whether it is asked to stop.
_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class _InFlightBatch:
    """A batch on its way; `first` is the number of its first event."""

    first: int
    sent: Future[RunStats]


@dataclass(kw_only=True, slots=True)
class _PendingState:
    """A STATE that covers the events up to and with number `last`."""

    last: int
    since: float
    state: Any


class DeliveryQueue:
    """Delivers events in the order they come, and tells which STATE they have made safe.

    All methods are for one thread; sending happens in others. An event is *settled* when Segment
    has acknowledged it, or when the dead-letter file holds it.

    Args:
        sender: Settles one batch.
        batcher: Cuts events into batches.
        concurrency: Batches in flight.
        state_seconds: Age at which a STATE has the events it covers sent.
        now: A monotonic clock, in seconds.
        check_interrupt: Called while waiting; raises to end the wait.
    """

    def __init__(  # noqa: PLR0913 - keywords, one for each thing it needs
        self,
        *,
        sender: BatchSender,
        batcher: Batcher,
        concurrency: int,
        state_seconds: float,
        now: Callable[[], float],
        check_interrupt: Callable[[], None],
    ) -> None:
        self.stats = RunStats()
        self._sender = sender
        self._batcher = batcher
        self._concurrency = concurrency
        self._state_seconds = state_seconds
        self._now = now
        self._check_interrupt = check_interrupt
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="segment")
        self._flights: deque[_InFlightBatch] = deque()
        self._states: deque[_PendingState] = deque()
        self._handed_over = 0
        self._submitted = 0
        # Written by the sending threads: the first fault, and what they did before theirs.
        self._fault: Exception | None = None
        self._unfinished: deque[RunStats] = deque()

    def enqueue(self, event: Event) -> None:
        """Take an event to deliver; waits while too much is on its way.

        Raises:
            TargetSegmentError: The delivery has failed.
        """
        if self._batcher.contains(event.message_id):
            self.stats.merged += 1
            return
        closed = self._batcher.add(event)
        self._handed_over += 1
        if closed is not None:
            self._submit(closed)

    def add_state(self, state: Any) -> None:
        """Remember a STATE that covers all events handed over so far."""
        newest = self._states[-1] if self._states else None
        if newest is not None and (
            newest.last > self._submitted or newest.last == self._handed_over
        ):
            # Both wait for the same batch, so the older would never be emitted by itself: for the
            # one in the making, or, with no event between them, for one that is on its way.
            newest.state, newest.last = state, self._handed_over
            return
        self._states.append(_PendingState(last=self._handed_over, since=self._now(), state=state))

    def take_safe_state(self) -> Any | None:
        """Return the newest STATE whose events are all settled; None if there is none new.

        A STATE that has waited its time for a batch to fill has it sent; while more than
        `concurrency` batches are on their way, that waits for one of them.

        Raises:
            TargetSegmentError: The delivery has failed.
        """
        newest = self._states[-1] if self._states else None
        if (
            newest is not None
            and newest.last > self._submitted
            and self._now() - newest.since >= self._state_seconds
        ):
            self._submit(self._batcher.flush())
        self._collect()
        return self._newest_settled()

    def flush(self) -> None:
        """Send what waits, and return when everything handed over is settled.

        Raises:
            TargetSegmentError: The delivery has failed.
        """
        self._submit(self._batcher.flush())
        while self._flights:
            self._await_any()

    def end(self, grace_seconds: float) -> Any | None:
        """Stop: what is on its way may finish within the time of grace, nothing else is sent.

        Returns:
            The newest STATE whose events are all settled; None if there is none new.
        """
        self._sender.stop.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        # `wait` never sees the end of a future that was cancelled before it began.
        begun = [flight.sent for flight in self._flights if not flight.sent.cancelled()]
        wait(begun, timeout=grace_seconds)
        while self._flights and _succeeded(self._flights[0].sent):
            self.stats.add(self._flights.popleft().sent.result())
        for flight in self._flights:
            if _succeeded(flight.sent):
                self.stats.add(flight.sent.result())
        for stats in self._unfinished:
            self.stats.add(stats)
        return self._newest_settled()

    @property
    def is_idle(self) -> bool:
        """Whether no request is on its way."""
        return all(flight.sent.done() for flight in self._flights)

    def _newest_settled(self) -> Any | None:
        settled = self._flights[0].first - 1 if self._flights else self._submitted
        state = None
        while self._states and self._states[0].last <= settled:
            state = self._states.popleft().state
        return state

    def _submit(self, batch: Batch | None) -> None:
        if not batch:
            return
        # One batch waits beyond those in flight, so that no thread idles; more would only be held.
        while sum(not flight.sent.done() for flight in self._flights) > self._concurrency:
            self._await_any()
        try:
            sent = self._threads.submit(self._send, batch)
        except RuntimeError:
            # A thread that runs already may send it all the same: again next time, under its ids.
            raise DeliveryError(
                "No thread could be started to send with; allow this process more threads, or "
                "lower max_concurrency"
            ) from None
        # Only now: what was counted without a flight would look settled to every STATE behind it.
        self._flights.append(_InFlightBatch(first=self._submitted + 1, sent=sent))
        self._submitted += len(batch)

    def _await_any(self) -> None:
        on_their_way = [flight.sent for flight in self._flights if not flight.sent.done()]
        wait(on_their_way, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
        self._check_interrupt()
        self._collect()

    def _collect(self) -> None:
        if self._fault is not None:
            raise self._fault
        while self._flights and self._flights[0].sent.done():
            fault = self._flights[0].sent.exception()
            if fault is not None:
                # Perhaps this batch was only given up because of another one's fault.
                raise self._fault or fault
            self.stats.add(self._flights.popleft().sent.result())

    def _send(self, batch: Batch) -> RunStats:
        """Settle a batch; runs in a sending thread."""
        stats = RunStats()
        try:
            self._sender.send(batch, stats)
        except BaseException as error:
            self._unfinished.append(stats)
            if isinstance(error, Exception) and not self._sender.stop.is_set():
                self._fault = error
            # Nothing after a gap can be covered by a STATE, so the others need not go on trying.
            self._sender.stop.set()
            raise
        return stats


def _succeeded(future: Future[RunStats]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
