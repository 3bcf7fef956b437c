"""Thread pool that maps a function over items with bounded concurrency and in order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")
R = TypeVar("R")

# Calls queued per thread: one slow response must not leave the other threads idle.
QUEUED_PER_WORKER = 2


def ordered_map(
    function: Callable[[T], R], items: Iterable[T], *, in_flight: int
) -> Generator[tuple[T, R], None, None]:
    """Each item with what `function` makes of it, in the items' order.

    Items are taken as results are, so neither ever pile up, however many there are. Taking them
    stays with the caller's thread; only `function` runs in others. The first error, in the order
    of the items, ends the iteration: what waits is dropped, what runs is waited for. A caller that
    may not read to the end closes it, or a thread of its own might.
    """
    queued: deque[tuple[T, Future[R]]] = deque()
    pool = ThreadPoolExecutor(in_flight, thread_name_prefix="look-up")
    try:
        for item in items:
            queued.append((item, pool.submit(function, item)))
            if len(queued) >= QUEUED_PER_WORKER * in_flight:
                first, result = queued.popleft()
                yield first, result.result()
        while queued:
            first, result = queued.popleft()
            yield first, result.result()
    finally:
        pool.shutdown(cancel_futures=True)
