"""Lists and users of the account, compared with the sandbox's own responses."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import requests
from fakes.clock import NOON
from fakes.http import CutBody
from fakes.runs import run_tap
from fakes.sandbox_client import SandboxClient
from urllib3.exceptions import ProtocolError

import freshchat_sandbox as sandbox
from tap_freshchat.errors import FreshchatError
from tap_freshchat.lookups.rest_crawl import MAX_UNREAD
from tap_freshchat.times import parse_time

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
LISTS = {
    "agents": ("/agents", "agents"),
    "groups": ("/groups", "groups"),
    "channels": ("/channels", "channels"),
    "roles": ("/roles", "roles"),
}


def the_same(record, item):
    """Check that a record has all values of a response, and no other."""
    for name, value in record.items():
        reported = item.get(name)
        if name.endswith("_time") and reported:
            assert parse_time(value) == parse_time(reported)
        elif isinstance(value, str) and not isinstance(reported, str):
            assert value == str(reported)
        else:
            assert value == reported
    assert record.keys() >= item.keys()


def changed_users(client, since, until):
    """Users by id whose last change lies in [since, until)."""
    bounds = {"updated_from": since.isoformat(), "updated_to": until.isoformat()}
    return {
        user["id"]: user
        for user in client.every("/users", "users", **bounds)
        if since <= parse_time(user["updated_time"]) < until
    }


def counted(run):
    """Count requests by resource."""
    return Counter(each.replace("/v2", "").split("/")[1] for each in run.requests)


class TemporaryFaults:
    """Faults of every third API request, each of another kind."""

    def __init__(self):
        self.requests = 0

    def __call__(self, request):
        self.requests += 1
        if self.requests % 3 or request.path.endswith("configuration"):
            return None
        kind = self.requests // 3 % 5
        if kind == 0:
            return sandbox.Response(503, {}, b"")
        if kind == 1:
            return sandbox.Response(429, {"Retry-After": "7"}, b"")
        if kind == 2:
            raise requests.ConnectionError
        if kind == 3:
            return sandbox.Response(200, {}, b'{"users": [{"id"')
        cut = CutBody(b'{"users": [', ProtocolError("broken"))
        return sandbox.Response(200, {}, b"", iter(lambda: cut.read(5), b""))


@pytest.mark.parametrize("stream", LISTS)
def test_a_list_is_reported_completely_in_the_types_of_the_schema(stream):
    run = run_tap(NOON, streams=(stream,))
    items = {item["id"]: item for item in SandboxClient(NOON).every(*LISTS[stream])}
    assert [each["id"] for each in run.records[stream]] == list(items)
    for record in run.records[stream]:
        the_same(record, items[record["id"]])


def test_unpaged_lists_and_the_account_are_reported_completely():
    run = run_tap(NOON, streams=("agent_statuses", "conversation_fields", "account"))
    client = SandboxClient(NOON)
    assert run.records["agent_statuses"] == client.get("/agents/status")["states"]
    assert run.records["conversation_fields"] == client.get("/conversations/fields")
    [account] = run.records["account"]
    the_same(account, client.get("/accounts/configuration"))
    assert isinstance(account["account_id"], str)


def test_agents_groups_and_channels_are_listed_once_for_all_streams():
    streams = ("agents", "groups", "channels", "conversation_events", "agent_activity")
    run = run_tap(NOON, streams=streams)
    for path in ("agents", "groups", "channels"):
        assert run.requests.count(f"GET /v2/{path}") == 1


def test_a_list_needs_no_request_but_its_own():
    run = run_tap(NOON, streams=("roles",))
    assert run.requests == ["GET /v2/accounts/configuration", "GET /v2/roles"]


def test_users_are_those_changed_since_the_start():
    run = run_tap(NOON, streams=("users",))
    expected = changed_users(SandboxClient(NOON), NOON - WEEK, NOON)
    records = {each["id"]: each for each in run.records["users"]}
    assert len(records) == len(run.records["users"]) > 100
    assert records.keys() == expected.keys()
    for user_id, record in records.items():
        the_same(record, expected[user_id])


def test_a_later_run_reports_only_the_users_changed_since_with_few_requests():
    runs = [run_tap(NOON, streams=("users",))]
    for number in range(1, 13):
        runs.append(run_tap(NOON + number * 2 * HOUR, runs[-1].state, streams=("users",)))
        assert len(runs[-1].requests) == 2
        since = NOON + (number - 1) * 2 * HOUR
        expected = changed_users(SandboxClient(NOON + number * 2 * HOUR), since, since + 2 * HOUR)
        assert {each["id"] for each in runs[-1].records["users"]} == expected.keys()
    assert sum(len(run.records["users"]) for run in runs[1:]) > 10
    assert len(json.dumps(runs[-1].state)) < 1000


def test_a_long_history_is_reported_completely_with_few_requests():
    url = "sandbox://?conversations_per_day=3"
    start = NOON - 455 * DAY
    run = run_tap(NOON, streams=("users",), url=url, start_date=start.isoformat())
    expected = changed_users(SandboxClient(NOON, url), start, NOON)
    assert {each["id"] for each in run.records["users"]} == expected.keys()
    assert len(run.requests) <= 67


def test_an_interrupted_history_resumes_at_its_unfinished_window():
    start = NOON - 60 * DAY
    options = {"streams": ("users",), "start_date": start.isoformat()}
    killed = run_tap(NOON, kill_after=700, **options)
    resumed = run_tap(NOON, killed.state, **options)
    reported = [each["id"] for each in [*killed.records["users"], *resumed.records["users"]]]
    assert set(reported) == changed_users(SandboxClient(NOON), start, NOON).keys()
    assert len(reported) - len(set(reported)) < 200
    assert len(resumed.records["users"]) < 0.6 * len(set(reported))


@pytest.mark.parametrize("ignored", [("updated_from", "updated_to"), ("updated_to",)])
def test_a_server_that_ignores_the_filter_is_listed_once_and_filtered_here(ignored):
    start = NOON - 30 * DAY
    client = SandboxClient(NOON)
    begin = start - HOUR if ignored == ("updated_to",) else start - 20 * DAY
    shown = client.every("/users", "users", updated_from=begin.isoformat())

    def faults(request):
        if request.path != "/v2/users":
            return None
        page = int(request.parameter("page"))
        if not 1 <= page <= -(-len(shown) // 50):
            return sandbox.Response.of_json(400, {"status": "WRONG_PAGE"})
        cut = shown[50 * page - 50 : 50 * page]
        pages = {"total_pages": -(-len(shown) // 50), "current_page": page}
        return sandbox.Response.of_json(200, {"users": cut, "pagination": pages})

    run = run_tap(NOON, streams=("users",), faults=faults, start_date=start.isoformat())
    reported = [each["id"] for each in run.records["users"]]
    assert len(reported) == len(set(reported))
    assert set(reported) == changed_users(client, start, NOON).keys()
    assert len(run.requests) < len(shown) / 50 + 10


def test_users_removed_during_listing_hide_no_other_user():
    everybody = SandboxClient(NOON).every("/users", "users", updated_from=(NOON - WEEK).isoformat())
    left = list(everybody)

    def faults(request):
        if request.path != "/v2/users":
            return None
        page, pages = int(request.parameter("page")), -(-len(left) // 10)
        if page > pages:
            return sandbox.Response.of_json(400, {"code": 400, "status": "WRONG_PAGE"})
        cut = left[10 * page - 10 : 10 * page]
        # After every answer, some from all over the list are changed, and so leave the window.
        del left[:: len(left) // 4]
        return sandbox.Response.of_json(200, {"users": cut, "pagination": {"total_pages": pages}})

    run = run_tap(NOON, streams=("users",), faults=faults, page_size=10)
    reported = [each["id"] for each in run.records["users"]]
    assert len(reported) == len(set(reported))
    assert {user["id"] for user in left} <= set(reported)
    assert len(left) > 40


def test_a_user_without_a_change_counts_by_when_they_were_created():
    def faults(request):
        if request.path != "/v2/users":
            return None
        users = [
            {"id": "new", "created_time": "2026-11-22T10:00:00.000Z"},
            {"id": "old", "created_time": "2026-11-15T10:00:00.000Z", "updated_time": None},
            {"id": 7, "created_time": None},
        ]
        return sandbox.Response.of_json(200, {"users": users})

    run = run_tap(NOON, streams=("users",), faults=faults)
    new, timeless = run.records["users"]
    assert new["id"] == "new"
    assert new["updated_time"] == new["created_time"] == "2026-11-22T10:00:00.000000+00:00"
    assert timeless["id"] == "7"
    again = run_tap(NOON + HOUR / 4, run.state, streams=("users",), faults=faults)
    assert again.records["users"] == []


def test_user_conversations_are_those_the_service_lists_for_each_user():
    run = run_tap(NOON, streams=("user_conversations",))
    client = SandboxClient(NOON)
    expected = [
        (user_id, each["id"])
        for user_id in changed_users(client, NOON - WEEK, NOON)
        for each in client.get(f"/users/{user_id}/conversations")["conversations"]
    ]
    reported = [(each["user_id"], each["id"]) for each in run.records["user_conversations"]]
    assert set(reported) == set(expected)
    assert len(reported) == len(set(reported))


def test_concurrency_changes_no_record_and_no_order():
    options = {"streams": ("user_conversations",)}
    one, many = (
        run_tap(NOON, max_concurrency=1, **options),
        run_tap(NOON, max_concurrency=9, **options),
    )
    assert one.records == many.records


def test_users_and_their_conversations_share_one_list():
    url = "sandbox://?conversations_per_day=40"
    both = run_tap(NOON, streams=("users", "user_conversations"), url=url)
    users = len(both.records["users"])
    lists = both.requests.count("GET /v2/users")
    assert lists == run_tap(NOON, streams=("users",), url=url).requests.count("GET /v2/users")
    assert len(both.requests) == 1 + lists + users
    later = run_tap(NOON + HOUR, both.state, streams=("users", "user_conversations"), url=url)
    moved = {each["user_id"] for each in later.records["user_conversations"]}
    assert {each["id"] for each in later.records["users"]} <= moved
    assert len(later.requests) <= 2 + 2 * len(moved)


def test_a_user_deleted_meanwhile_is_skipped_and_counted_once(caplog):
    gone: list[Any] = []

    def faults(request):
        if request.path.endswith("/conversations") and len(gone) < 3:
            gone.append(request.path.split("/")[3])
            return sandbox.Response.of_json(404, {"code": 404, "status": "USER_NOT_FOUND"})
        return None

    run = run_tap(NOON, streams=("user_conversations",), faults=faults)
    reported = {each["user_id"] for each in run.records["user_conversations"]}
    assert not reported & set(gone)
    assert len(reported) > 100
    assert caplog.text.count("3 users no longer exist") == 1


class RefusedLists:
    """Refuses the lists of conversations of the given users."""

    def __init__(self, *users):
        self.users = users
        self.requested = []

    def __call__(self, request):
        if not request.path.endswith("/conversations"):
            return None
        user = request.path.split("/")[3]
        self.requested.append(user)
        refused = sandbox.Response.of_json(400, {"code": 400, "status": "INVALID_VALUE"})
        return refused if user in self.users else None


BOTH = ("users", "user_conversations")


def lists_of(run):
    return {(each["user_id"], each["id"]) for each in run.records["user_conversations"]}


@pytest.fixture(scope="module")
def calm():
    """A run without refusals, and two users in it who do not change in the next hour."""
    run = run_tap(NOON, streams=BOTH)
    later = {each["id"] for each in run_tap(NOON + HOUR, run.state, streams=BOTH).records["users"]}
    users = sorted({user for user, _ in lists_of(run)} - later)
    return run, users[30], users[-30]


def test_a_user_whose_conversations_are_refused_is_read_again_in_each_run_until_it_can_be(
    calm, caplog
):
    everything, *users = calm
    refused = RefusedLists(*users)
    first = run_tap(NOON, streams=BOTH, faults=refused)
    missing = {pair for pair in lists_of(everything) if pair[0] in users}
    assert lists_of(first) == lists_of(everything) - missing
    assert "2 users whose conversations to read again in the next run" in caplog.text
    second = run_tap(NOON + HOUR / 4, first.state, streams=BOTH, faults=refused)
    assert not missing & lists_of(second)
    third = run_tap(NOON + HOUR / 2, second.state, streams=BOTH)
    assert missing <= lists_of(third)
    assert "unread" not in json.dumps(third.state)
    read = RefusedLists()
    run_tap(NOON + HOUR, third.state, streams=BOTH, faults=read)
    assert not {*users} & {*read.requested}


@pytest.mark.e2e
def test_a_crash_at_any_message_loses_no_user_whose_conversations_are_refused(calm):
    everything, *users = calm
    refused = RefusedLists(*users)
    whole = run_tap(NOON, streams=BOTH, faults=refused)
    states = [at for at, each in enumerate(whole.messages) if each["type"] == "STATE"]
    for at in {kill for state in states for kill in (state, state + 1)}:
        killed = run_tap(NOON, streams=BOTH, faults=refused, kill_after=at)
        resumed = run_tap(NOON + HOUR / 4, killed.state, streams=BOTH)
        assert lists_of(everything) <= lists_of(killed) | lists_of(resumed)


@pytest.mark.e2e
def test_more_refused_users_than_the_state_may_hold_are_an_error_and_none_is_forgotten():
    since = (NOON - DAY).isoformat()
    users = {f"gone-{number}": since for number in range(MAX_UNREAD + 1)}
    state = {"bookmarks": {"user_conversations": {"rest": {"unread": {"users": users}}}}}
    failed = run_tap(NOON, state, streams=BOTH, faults=RefusedLists(*users), keep_failures=True)
    assert "more than a state can hold" in failed.failures["user_conversations"]
    # The bookmark of both stays where it is.
    assert "same bookmark" in failed.failures["users"]
    assert not failed.records["users"]
    assert (
        failed.state.get("bookmarks", state["bookmarks"])["user_conversations"]
        == (state["bookmarks"]["user_conversations"])
    )


def test_unread_users_in_a_damaged_state_are_one_line_that_names_the_stream():
    damaged: tuple[Any, ...] = ({"users": ["u"]}, {"users": {"u": 5}}, [])
    for unread in damaged:
        state = {"bookmarks": {"user_conversations": {"rest": {"unread": unread}}}}
        with pytest.raises(FreshchatError, match=r"user_conversations: rest\.unread"):
            run_tap(NOON, state, streams=BOTH)


def test_ids_are_escaped_in_paths():
    def faults(request):
        if request.path == "/v2/users":
            user = {"id": "Denise/../x?y", "updated_time": "2026-11-22T10:00:00.000Z"}
            return sandbox.Response.of_json(200, {"users": [user]})
        return None

    run = run_tap(NOON, streams=("user_conversations",), faults=faults)
    assert run.requests[-1] == "GET /v2/users/Denise%2F..%2Fx%3Fy/conversations"


@pytest.mark.parametrize(
    "streams", [("users", "user_conversations"), ("roles", "agents", "conversation_fields")]
)
def test_temporary_faults_change_nothing(streams):
    without_faults, with_faults = (
        run_tap(NOON, streams=streams),
        run_tap(NOON, streams=streams, faults=TemporaryFaults()),
    )
    assert with_faults.records == without_faults.records
    assert with_faults.requests != without_faults.requests


def test_a_tight_limit_of_requests_changes_nothing():
    streams = ("users", "user_conversations")
    tight = run_tap(NOON, streams=streams, url="sandbox://?requests_per_minute=25")
    # The waits take time, in which users change and conversations start.
    unlimited = {each["id"]: each for each in run_tap(NOON, streams=streams).records["users"]}
    assert {each["id"] for each in tight.records["users"]} == unlimited.keys()


def test_an_error_in_one_of_many_lookups_ends_the_run_with_its_message():
    def faults(request):
        broken = request.path.endswith("/conversations")
        return sandbox.Response.of_json(400, {"status": "INVALID"}) if broken else None

    with pytest.raises(FreshchatError, match="rejected"):
        run_tap(NOON, streams=("user_conversations", "users"), faults=faults)


def test_outbound_messages_are_reported_with_their_time_in_iso_format():
    run = run_tap(NOON, streams=("outbound_messages",))
    window = {"created_from": (NOON - WEEK).isoformat(), "created_to": NOON.isoformat()}
    expected = SandboxClient(NOON).get("/outbound-messages", **window)["outbound_messages"]
    records = {each["message_id"]: each for each in run.records["outbound_messages"]}
    assert records.keys() == {each["message_id"] for each in expected}
    for message in expected:
        record = records[message["message_id"]]
        assert parse_time(record["created_time"]).timestamp() == message["created_on"]
        the_same({**record, "created_time": None}, message)


def test_an_outbound_message_is_reported_again_only_when_its_status_changes():
    statuses = iter(["Accepted", "Accepted", "Delivered", "Delivered"])

    def faults(request):
        if request.path != "/v2/outbound-messages":
            return None
        message = {
            "message_id": "m",
            "status": next(statuses),
            "created_on": int(NOON.timestamp()) - 60,
        }
        stray = {"message_id": "stray", "created_on": 1_700_000_000}
        return sandbox.Response.of_json(200, {"outbound_messages": [message, stray]})

    reported, state = [], None
    for number in range(4):
        # Read every few hours, the status changes long after the usual overlap.
        run = run_tap(
            NOON + number * 5 * HOUR, state, streams=("outbound_messages",), faults=faults
        )
        reported.append([each["status"] for each in run.records["outbound_messages"]])
        state = run.state
    assert reported == [["Accepted"], [], ["Delivered"], []]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_outbound_messages_that_are_not_listed_by_time_are_a_warning_and_no_lost_period(
    status, caplog
):
    def faults(request):
        refused = request.path == "/v2/outbound-messages"
        return sandbox.Response.of_json(status, {}) if refused else None

    run = run_tap(NOON, streams=("outbound_messages", "groups"), faults=faults)
    assert run.records["outbound_messages"] == []
    assert len(run.records["groups"]) > 0
    assert caplog.text.count("Outbound messages are missing") == 1
    start = {"streams": ("outbound_messages",), "start_date": str(NOON - WEEK)}
    again, whole = run_tap(NOON + DAY, run.state, **start), run_tap(NOON + DAY, **start)
    found, expected = (
        {each["message_id"] for each in run.records["outbound_messages"]} for run in (again, whole)
    )
    assert found == expected


def test_an_outbound_message_without_id_or_time_is_left_out_and_counted(caplog):
    messages = [
        {"message_id": "m", "created_on": int(NOON.timestamp()) - 60},
        {"message_id": None, "created_on": int(NOON.timestamp()) - 60},
        {"message_id": "n", "created_on": "soon"},
    ]

    def faults(request):
        if request.path != "/v2/outbound-messages":
            return None
        return sandbox.Response.of_json(200, {"outbound_messages": messages})

    run = run_tap(NOON, streams=("outbound_messages",), faults=faults)
    assert [each["message_id"] for each in run.records["outbound_messages"]] == ["m"]
    assert "outbound messages without an id" in caplog.text
    assert "outbound messages without a readable time" in caplog.text


def test_without_personal_data_lists_hold_ids_only():
    streams = ("users", "agents", "outbound_messages", "groups")
    plain = run_tap(NOON, streams=streams).records
    private = run_tap(NOON, streams=streams, exclude_pii=True).records
    words = {
        str(value)
        for person in [*plain["users"], *plain["agents"]]
        for name, value in person.items()
        if name in ("first_name", "last_name", "email", "phone", "biography") and value
    } | {each["phone_number"] for message in plain["outbound_messages"] for each in message["to"]}
    text = json.dumps([private["users"], private["agents"], private["outbound_messages"]])
    assert len(words) > 100
    assert not [word for word in words if f'"{word}"' in text]
    assert "cf_tier" not in text
    assert private["groups"] == plain["groups"]
    assert [each["reference_id"] for each in private["users"]] == [
        each["reference_id"] for each in plain["users"]
    ]


def test_a_list_of_which_no_outbound_message_is_of_the_period_is_a_warning(caplog):
    messages = [{"message_id": "m", "created_on": int(NOON.timestamp()) // 1000}]

    def faults(request):
        if request.path != "/v2/outbound-messages":
            return None
        return sandbox.Response.of_json(200, {"outbound_messages": messages})

    run = run_tap(NOON, streams=("outbound_messages",), faults=faults)
    assert run.records["outbound_messages"] == []
    assert "its times have another form" in caplog.text
