"""Concurrent map that keeps the order of its items."""

import threading
from datetime import timedelta
from itertools import count, islice

import pytest
from fakes.clock import NOON, StillClock
from fakes.freshchat_client import freshchat_client
from fakes.http import Answer, ScriptedAdapter
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_freshchat.concurrency import QUEUED_PER_WORKER, ordered_map
from tap_freshchat.lookups.changed_users import ChangedUsers
from tap_freshchat.lookups.enrichment import Enrichment
from tap_freshchat.lookups.rest_crawl import RestCrawl
from tap_freshchat.set_aside import SetAside
from tap_freshchat.windows import Window

CHANGED = "2026-11-22T11:30:00.000Z"


class Watched:
    """Function that counts its concurrent calls; some of them end after later ones."""

    def __init__(self, slow=frozenset(), wrong=frozenset()):
        self.slow, self.wrong = slow, wrong
        self.running = self.most = 0
        self.called = []
        self.lock = threading.Lock()
        self.someone_else = threading.Event()

    def __call__(self, item):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
            self.called.append(item)
        if item in self.slow:
            # Until another call has ended, if there is another at all.
            self.someone_else.wait(0.001)
        else:
            self.someone_else.set()
        with self.lock:
            self.running -= 1
        if item in self.wrong:
            raise ValueError(item)
        return item * item


def run(function, items, in_flight):
    return list(ordered_map(function, items, in_flight=in_flight))


@settings(deadline=None, max_examples=60)
@given(
    items=st.lists(st.integers(0, 30), max_size=40),
    slow=st.frozensets(st.integers(0, 30), max_size=3),
    in_flight=st.integers(1, 6),
)
def test_results_keep_the_order_of_the_items_with_no_more_at_once_than_allowed(
    items, slow, in_flight
):
    watched = Watched(slow)
    assert run(watched, items, in_flight) == [(item, item * item) for item in items]
    assert watched.most <= in_flight


@settings(deadline=None, max_examples=60)
@given(
    size=st.integers(1, 40),
    wrong=st.frozensets(st.integers(0, 39), min_size=1),
    in_flight=st.integers(1, 6),
)
def test_the_first_error_in_order_ends_it_after_what_came_before(size, wrong, in_flight):
    first = min(wrong)
    watched = Watched(wrong=wrong)
    seen: list[int] = []
    results = ordered_map(watched, range(size), in_flight=in_flight)
    if first >= size:
        assert len(list(results)) == size
        return
    with pytest.raises(ValueError, match=f"^{first}$"):
        seen.extend(item for item, _ in results)
    assert seen == list(range(first))
    assert max(watched.called) < first + QUEUED_PER_WORKER * in_flight
    assert watched.running == 0


@given(taken=st.integers(0, 50), in_flight=st.integers(1, 6))
@settings(deadline=None, max_examples=40)
def test_items_are_read_only_as_results_are(taken, in_flight):
    asked = []

    def endless():
        for number in count():
            asked.append(number)
            yield number

    results = ordered_map(lambda item: item, endless(), in_flight=in_flight)
    assert len(list(islice(results, taken))) == taken
    assert len(asked) <= taken + QUEUED_PER_WORKER * in_flight
    del results


def test_as_many_calls_run_at_once_as_allowed():
    together = threading.Barrier(4, timeout=10)
    assert len(run(lambda _: together.wait(), range(8), 4)) == 8


def test_an_error_of_the_input_is_raised_to_the_caller():
    def items():
        yield 1
        raise KeyError("no more")

    with pytest.raises(KeyError):
        run(lambda item: item, items(), 3)


def test_closing_the_results_early_leaves_no_thread():
    before = threading.active_count()
    results = ordered_map(lambda item: item, count(), in_flight=4)
    next(results)
    results.close()
    assert threading.active_count() == before


class Account:
    """Sixty users with two conversations each; counts requests until their bodies are closed.

    It holds each request back for a moment or until one more than allowed is in flight.
    """

    def __init__(self, limit):
        self.limit, self.running, self.most = limit, 0, 0
        self.changed = threading.Condition()

    def answer(self, request):
        parts = request.path_url.partition("?")[0].split("/")[2:]
        if parts == ["users"]:
            users = [{"id": f"u{each}", "updated_time": CHANGED} for each in range(60)]
            return {"users": users, "pagination": {"total_pages": 1}}
        if parts[0] == "users":
            return {"conversations": [{"id": f"{parts[1]}-{each}"} for each in range(2)]}
        if parts[-1] == "messages":
            return {"messages": [{"id": "m", "actor_id": "u", "created_time": CHANGED}]}
        return {"conversation_id": parts[1], "user_id": "u"}

    def send(self, request):
        with self.changed:
            self.running += 1
            self.most = max(self.most, self.running)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.running > self.limit, timeout=0.01)
        return Answer(body=self.answer(request))

    def closed(self):
        with self.changed:
            self.running -= 1


class CountingAdapter(ScriptedAdapter):
    """Transport adapter that reports to the account when a response is closed."""

    def __init__(self, account):
        super().__init__(account.send)
        self.account = account

    def send(self, *arguments, **options):
        response = super().send(*arguments, **options)
        close = response.close

        def report_and_close():
            close()
            self.account.closed()

        response.close = report_and_close  # type: ignore[method-assign]
        return response


@pytest.mark.parametrize("limit", [pytest.param(1, marks=pytest.mark.e2e), 4])
def test_nested_lookups_keep_exactly_the_allowed_number_of_requests_in_flight(tmp_path, limit):
    account, clock = Account(limit), StillClock()
    client = freshchat_client(CountingAdapter(account), clock, max_concurrency=limit)
    changed_users = ChangedUsers(client, tmp_path)
    enrichment = Enrichment(client, SetAside(tmp_path / "not written"))
    crawl = RestCrawl(
        *(client, changed_users, clock, tmp_path, enrichment), in_shard=bool, all_users=False
    )
    assert len(list(crawl.conversations(Window(NOON - timedelta(hours=1), NOON), {}))) == 120
    assert account.most == limit
