"""Delivery queue and batch sender: events to a fake server, and the safe STATE."""

import json
import logging
import threading
from collections import Counter, deque
from typing import Any
from weakref import WeakSet

import pytest
from fakes.clock import StillClock
from hypothesis import given, settings
from hypothesis import strategies as st

from target_segment.dead_letters import DeadLetters
from target_segment.delivery.batch_sender import BatchSender, backoff_seconds
from target_segment.delivery.batching import Batcher
from target_segment.delivery.queue import DeliveryQueue
from target_segment.delivery.responses import Outcome, PostResult
from target_segment.errors import DeadLetterError, DeliveryError
from target_segment.segment_spec import Event


class FakeServer:
    """Responds as scripted, then by the content of each body."""

    write_key = None

    def __init__(self, *script, poison=(), limit=10**9):
        self.script = deque(script)
        self.poison = set(poison)
        self.limit = limit
        self.stored = []
        self.attempts = []
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        self.lock = threading.Lock()

    def post(self, payloads, attempt):
        self.arrived.release()
        assert self.gate.wait(10)
        with self.lock:
            self.attempts.append(attempt)
            response = self.script.popleft() if self.script else ACCEPTED
            if isinstance(response, Exception):
                raise response
            if response is ACCEPTED and (self.poison & set(payloads) or len(payloads) > self.limit):
                return PostResult(outcome=Outcome.REFUSED, status="HTTP 400")
            if response.outcome is Outcome.ACCEPTED:
                self.stored.extend(payloads)
            return response


ACCEPTED = PostResult(outcome=Outcome.ACCEPTED, status="HTTP 200", body_bytes=10, sent_bytes=5)
BUSY = PostResult(outcome=Outcome.RETRY, status="HTTP 503")


def wait_requested(seconds):
    return PostResult(outcome=Outcome.RETRY, status="HTTP 429", wait=seconds)


def event(number, name="e"):
    return Event(
        payload=b"%d" % number,
        message_id=str(number),
        name=name,
        stream="s",
        identity="userId",
    )


class Bench:
    """A delivery queue with all that it needs."""

    def __init__(
        self,
        folder,
        server,
        *,
        batch=10,
        concurrency=1,
        rate=0,
        dead=1000,
        retry_seconds=1800,
        state_seconds=10,
        check_interrupt=lambda: None,
    ):
        self.server = server
        self.clock = StillClock()
        self.dead = DeadLetters(
            folder / "dead.jsonl",
            dead,
            self.clock,
            on_idle=lambda: None,
        )
        self.sender = BatchSender(
            transport=server,
            dead_letters=self.dead,
            events_per_second=rate,
            retry_seconds=retry_seconds,
            clock=self.clock,
            logger=logging.getLogger("test"),
            known_event_names={"e"},
        )
        self.delivery = DeliveryQueue(
            sender=self.sender,
            batcher=Batcher(batch, 10**6, 0),
            concurrency=concurrency,
            state_seconds=state_seconds,
            clock=self.clock,
            check_interrupt=check_interrupt,
        )

    def dead_letters(self):
        if not self.dead.path.exists():
            return []
        return [json.loads(line)["event"] for line in self.dead.path.read_text().splitlines()]

    def close(self):
        self.server.gate.set()
        self.delivery.end(5)
        self.dead.close()


@pytest.fixture
def bench(tmp_path):
    made = []

    def make(*script, poison=(), limit=10**9, **options):
        made.append(Bench(tmp_path, FakeServer(*script, poison=poison, limit=limit), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def deliver(bench, count):
    for number in range(count):
        bench.delivery.enqueue(event(number))
    bench.delivery.flush()


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(0, 60),
    poison=st.sets(st.integers(0, 60)),
    batch=st.integers(1, 12),
    limit=st.integers(1, 12),
    concurrency=st.integers(1, 4),
)
def test_every_event_is_delivered_or_a_dead_letter_once(
    tmp_path_factory, *, count, poison, batch, limit, concurrency
):
    server = FakeServer(poison={b"%d" % number for number in poison}, limit=limit)
    folder = tmp_path_factory.mktemp("delivery")
    one = Bench(folder, server, batch=batch, concurrency=concurrency)
    # A receiver that accepts nothing is another matter.
    one.sender.refusals.note_accepted()
    deliver(one, count)
    kept = one.dead_letters()
    one.close()
    assert sorted(kept) == sorted(poison & set(range(count)))
    stored = [int(payload) for payload in server.stored]
    assert sorted([*stored, *kept]) == list(range(count))
    if concurrency == 1:
        assert stored == sorted(stored)
    assert one.delivery.stats.sent == Counter({"e": len(stored)} if stored else {})


def test_deliveries_and_dead_letters_are_counted(bench):
    one = bench(poison={b"1", b"3"}, batch=4)
    deliver(one, 5)
    report = one.delivery.stats
    assert report.sent == {"e": 3}
    assert report.identities == {"userId": 3}
    assert report.dead_letters == {("s", "rejected with HTTP 400, alone in a request"): 2}
    reasons = [json.loads(line)["reason"] for line in one.dead.path.read_text().splitlines()]
    assert [reason["code"] for reason in reasons] == ["refused", "refused"]


def test_back_off_doubles_up_to_a_minute_with_jitter():
    assert [backoff_seconds(n, lambda: 0.0) for n in (1, 2, 3, 8, 50)] == [0.5, 1, 2, 60, 60]
    assert backoff_seconds(1, lambda: 1.0) == pytest.approx(0.55)


def test_a_temporary_error_is_retried_with_growing_back_off(bench):
    one = bench(BUSY, BUSY, BUSY)
    deliver(one, 5)
    assert one.server.attempts == [0, 1, 2, 3]
    assert one.clock.slept == sorted(one.clock.slept)
    assert len(one.clock.slept) == 3
    assert one.delivery.stats.retries == 3


@pytest.mark.parametrize("seconds", [0, 100, 7200, 200_000])
def test_a_request_is_retried_for_max_retry_seconds(bench, seconds):
    one = bench(*[BUSY] * 4000, retry_seconds=seconds)
    with pytest.raises(DeliveryError, match="HTTP 503 at attempt .*max_retry_seconds"):
        deliver(one, 5)
    assert one.clock.monotonic() == pytest.approx(seconds)
    assert one.delivery.end(5) is None


def test_a_requested_wait_is_obeyed_and_not_counted_as_an_attempt(bench):
    one = bench(*[wait_requested(20)] * 30)
    deliver(one, 5)
    assert len(one.server.attempts) == 31
    assert one.clock.monotonic() == 600


def test_a_requested_wait_of_zero_still_backs_off(bench):
    one = bench(*[wait_requested(0)] * 30)
    deliver(one, 5)
    assert len(one.server.attempts) == 31
    assert one.clock.monotonic() > 600


def test_requested_waits_end_after_max_retry_seconds(bench):
    one = bench(*[wait_requested(20)] * 30, retry_seconds=100)
    with pytest.raises(DeliveryError, match="max_retry_seconds"):
        deliver(one, 5)
    assert one.clock.monotonic() <= 100


def test_retries_count_against_the_rate_limit(bench):
    one = bench(BUSY, rate=10)
    deliver(one, 10)
    assert one.clock.monotonic() >= 1


def test_a_wrong_clock_is_logged_once(bench, caplog):
    skewed = PostResult(outcome=Outcome.ACCEPTED, status="HTTP 200", clock_skew=42.0)
    one = bench(skewed, skewed, batch=1)
    deliver(one, 2)
    [warning] = caplog.messages
    assert "42 s ahead of" in warning


def test_a_small_clock_skew_is_not_logged(bench, caplog):
    one = bench(PostResult(outcome=Outcome.ACCEPTED, status="HTTP 200", clock_skew=-4.0))
    deliver(one, 2)
    assert caplog.messages == []


def test_a_state_is_safe_once_all_events_before_it_are_settled(bench):
    one = bench(batch=2)
    for number in range(3):
        one.delivery.enqueue(event(number))
        one.delivery.add_state(number)
    one.delivery.flush()
    assert one.delivery.take_safe_state() == 2
    assert one.delivery.take_safe_state() is None


def test_a_state_waits_for_the_slowest_request_before_it(bench):
    one = bench(batch=1, concurrency=2)
    one.server.gate.clear()
    for number in range(2):
        one.delivery.enqueue(event(number))
        one.delivery.add_state(number)
    assert one.delivery.take_safe_state() is None
    one.server.gate.set()
    one.delivery.flush()
    assert one.delivery.take_safe_state() == 1


def test_only_the_newest_of_states_without_events_between_them_is_held(bench):
    class State:
        """A STATE that can be referenced weakly."""

    one = bench(batch=1, concurrency=2)
    one.server.gate.clear()
    one.delivery.enqueue(event(0))
    states: WeakSet[Any] = WeakSet()
    for seconds in (0, 60, 61, 62):
        one.clock.slept = [seconds]
        state = State()
        states.add(state)
        one.delivery.add_state(state)
        assert one.delivery.take_safe_state() is None
    assert list(states) == [state]
    one.server.gate.set()
    one.delivery.flush()
    assert one.delivery.take_safe_state() is state


def test_a_state_before_any_event_is_safe_at_once(bench):
    one = bench()
    one.delivery.add_state("s")
    assert one.delivery.take_safe_state() == "s"


def test_a_state_older_than_state_seconds_has_its_events_sent(bench):
    one = bench(batch=100)
    one.delivery.enqueue(event(1))
    one.delivery.add_state("s")
    one.clock.slept = [9.9]
    assert one.delivery.take_safe_state() is None
    assert one.server.attempts == []
    one.clock.slept = [10]
    while (state := one.delivery.take_safe_state()) is None:
        pass
    assert state == "s"
    assert one.server.stored == [b"1"]


def test_newer_states_do_not_delay_the_oldest(bench):
    one = bench(batch=100)
    for seconds in range(11):
        one.clock.slept = [seconds]
        one.delivery.enqueue(event(seconds))
        one.delivery.add_state(seconds)
    while (state := one.delivery.take_safe_state()) is None:
        pass
    assert state == 10


def test_events_after_the_newest_state_wait_for_a_full_batch(bench):
    one = bench(batch=100)
    one.delivery.add_state("s")
    one.delivery.enqueue(event(1))
    one.clock.slept = [60]
    assert one.delivery.take_safe_state() == "s"
    assert one.delivery.take_safe_state() is None
    assert one.server.attempts == []


def test_no_state_after_a_failed_batch_is_ever_safe(bench):
    one = bench(ACCEPTED, DeliveryError("stop"), batch=1)
    states = []
    with pytest.raises(DeliveryError):
        for number in range(50):
            one.delivery.enqueue(event(number))
            one.delivery.add_state(number)
            states.append(one.delivery.take_safe_state())
    states.append(one.delivery.end(5))
    assert {state for state in states if state is not None} == {0}


def test_no_state_is_safe_after_events_for_which_no_thread_can_start(bench, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    one = bench(batch=2)
    one.delivery.enqueue(event(1))
    one.delivery.add_state("covers events that were never sent")
    with monkeypatch.context() as system:
        system.setattr(threading.Thread, "start", refuse)
        with pytest.raises(DeliveryError, match="max_concurrency"):
            one.delivery.flush()
    assert one.delivery.end(5) is None
    assert one.server.stored == []


def test_events_sent_before_a_failure_are_counted(bench):
    one = bench(poison={b"1", b"2"}, batch=4, dead=1)
    with pytest.raises(DeadLetterError):
        deliver(one, 4)
    one.delivery.end(5)
    assert one.delivery.stats.sent["e"] == 1
    assert sum(one.delivery.stats.dead_letters.values()) == 1


def test_a_slow_server_stops_the_input(bench):
    waiting = threading.Event()
    one = bench(batch=1, concurrency=2, check_interrupt=waiting.set)
    one.server.gate.clear()
    enqueued = []

    def enqueue_all():
        for number in range(50):
            one.delivery.enqueue(event(number))
            enqueued.append(number)

    reader = threading.Thread(target=enqueue_all)
    reader.start()
    assert waiting.wait(timeout=10)
    # Two in flight, one waiting, one in the unfinished batch.
    assert len(enqueued) <= 4
    one.server.gate.set()
    reader.join(10)
    assert len(enqueued) == 50


def test_an_early_end_waits_for_requests_in_flight_only(bench):
    one = bench(batch=1, concurrency=1)
    one.server.gate.clear()
    for number in range(3):
        one.delivery.enqueue(event(number))
        one.delivery.add_state(number)
    assert one.server.arrived.acquire(timeout=10)
    opening = threading.Thread(target=lambda: (one.sender.stop.wait(), one.server.gate.set()))
    opening.start()
    # Were it to wait for what never began, this would not end.
    assert one.delivery.end(grace_seconds=3600) == 0
    opening.join()
    assert one.server.stored == [b"0"]
    assert one.delivery.is_idle


def test_two_events_of_one_id_in_one_batch_are_sent_once(bench):
    one = bench()
    for number in (1, 2, 1):
        one.delivery.enqueue(event(number))
    one.delivery.flush()
    assert one.server.stored == [b"1", b"2"]
    assert one.delivery.stats.merged == 1
    assert one.delivery.stats.warnings == {}


def test_an_event_that_shares_the_id_of_an_event_of_another_name_is_a_warning(bench):
    one = bench()
    for name in ("e", "e", "f"):
        one.delivery.enqueue(event(1, name))
    one.delivery.flush()
    assert one.server.stored == [b"1"]
    [((stream, warning), count)] = one.delivery.stats.warnings.items()
    assert (stream, count) == ("s", 1)
    assert "message_id" in warning


def partly(*numbers):
    rejected = frozenset(map(str, numbers))
    return PostResult(outcome=Outcome.PARTLY_ACCEPTED, status="HTTP 200", rejected=rejected)


def test_a_partly_accepted_batch_is_not_sent_again(bench):
    one = bench(partly(1, 3), batch=5)
    deliver(one, 5)
    assert one.server.attempts == [0]
    assert one.dead_letters() == [1, 3]
    assert one.delivery.stats.sent == {"e": 3}
    assert one.delivery.stats.dead_letters == {("s", "rejected with HTTP 200, by its id"): 2}


def test_a_rejection_of_unknown_ids_is_bisected(bench):
    one = bench(partly(77), batch=4)
    deliver(one, 4)
    assert one.server.stored == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_a_receiver_that_refuses_every_event_stops_the_run_without_dead_letters(
    bench, batch, concurrency
):
    one = bench(
        poison={b"%d" % number for number in range(60)}, batch=batch, concurrency=concurrency
    )
    one.delivery.add_state("before")
    one.delivery.enqueue(event(0))
    one.delivery.add_state("after")
    with pytest.raises(DeliveryError, match=r"api_url refused each of the first \d+ events"):
        deliver(one, 60)
    assert one.delivery.end(5) == "before"
    assert one.dead_letters() == []
    assert one.delivery.stats.dead_letters == {}
    assert one.server.stored == []


def test_fewer_than_ten_refused_events_are_dead_letters_at_the_end_of_the_input(bench):
    one = bench(poison={b"%d" % number for number in range(9)}, batch=2)
    for number in range(9):
        one.delivery.enqueue(event(number))
        one.delivery.add_state(number)
        assert one.delivery.take_safe_state() is None
    one.delivery.flush()
    assert one.dead_letters() == list(range(9))
    assert one.delivery.take_safe_state() == 8


def test_the_first_accepted_event_makes_the_refused_ones_dead_letters(bench):
    one = bench(poison={b"%d" % number for number in range(9)}, batch=1)
    deliver(one, 12)
    assert one.dead_letters() == list(range(9))
    assert one.server.stored == [b"9", b"10", b"11"]
    assert sum(one.delivery.stats.dead_letters.values()) == 9


def test_ten_refused_events_after_an_accepted_one_are_dead_letters(bench):
    one = bench(poison={b"%d" % number for number in range(1, 40)}, batch=7)
    deliver(one, 40)
    assert one.dead_letters() == list(range(1, 40))


def test_an_early_end_keeps_the_state_before_refused_events_that_are_in_no_file(bench):
    one = bench(poison={b"0"}, batch=1)
    one.delivery.add_state("before")
    one.delivery.enqueue(event(0))
    one.delivery.add_state("after")
    one.delivery.enqueue(event(1))
    assert one.server.arrived.acquire(timeout=10)
    assert one.delivery.end(5) == "before"
    assert one.dead_letters() == []


def test_flushes_between_refused_events_do_not_hide_a_wrong_receiver(bench):
    one = bench(poison={b"%d" % number for number in range(60)}, batch=1)
    with pytest.raises(DeliveryError, match="api_url refused each of the first 10 events"):
        for number in range(60):
            one.delivery.enqueue(event(number))
            one.delivery.flush()
    assert one.dead_letters() == list(range(9))
