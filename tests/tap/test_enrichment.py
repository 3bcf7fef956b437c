"""Look-ups that Freshchat refuses: what one costs, and what ends the run."""

import json
import threading
from collections import Counter
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

from freshchat_sandbox import Response
from tap_freshchat.errors import AuthorizationError, FreshchatError, RetryableError
from tap_freshchat.ids import is_placeholder

HOUR = timedelta(hours=1)
URL = "sandbox://?opened=2026-11-18"
DAY = {"url": URL, "start_date": (NOON - 24 * HOUR).isoformat()}
REST = {**DAY, "activity_source": "rest", "user_scope": "all"}
EVENTS = ("conversation_events", "message_events")
REFUSALS = {
    "400": Response(400),
    "403": Response.of_json(403, {"status": "FORBIDDEN"}),
    "500": Response(500),
    "no JSON": Response(200, {}, b'{"conversation_id'),
    "no object": Response.of_json(200, []),
}
# The others are for the e2e suite.
QUICK = ("403", "no object")
NAMES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.e2e) for name in REFUSALS]
# What a look-up adds, and what depends on when it is made.
DETAILS = {
    *("enriched_at", "conversation", "message", "associations", "actor", "changes"),
    *("previous_values_known", "state_is_provisional", "agent_id", "group_id", "user_reference_id"),
    # The id of a message's event is made of that of the message.
    *("interaction_id", "interaction_seconds", "message_id"),
}


def refusing(response, matches):
    """Faults: a response to all requests whose path matches."""
    return lambda request: response if matches(request.path) else None


def plain(run):
    return {each["id"]: {name: each[name] for name in each.keys() - DETAILS} for each in run.events}


def warned_once(caplog, kind):
    return caplog.text.count(f"Counted as: {kind}.") == 1


@pytest.fixture(scope="module")
def calm():
    return run_tap(NOON, streams=EVENTS, **DAY)


@pytest.fixture(scope="module")
def calm_rest():
    return run_tap(NOON, streams=EVENTS, **REST)


@pytest.fixture(scope="module")
def chosen(calm):
    """A conversation with many events."""
    counts = Counter(each["conversation_id"] for each in calm.events)
    return counts.most_common(1)[0][0]


def is_record(conversation_id):
    return lambda path: path == f"/v2/conversations/{conversation_id}"


def is_messages(conversation_id):
    return lambda path: path == f"/v2/conversations/{conversation_id}/messages"


@pytest.mark.parametrize("refusal", NAMES)
def test_a_refused_conversation_costs_its_events_their_details_only(calm, chosen, refusal, caplog):
    faults = refusing(REFUSALS[refusal], is_record(chosen))
    run = run_tap(NOON, streams=EVENTS, faults=faults, **DAY)
    # Whoever started a conversation is in its messages, if not in its record.
    assert plain(run) == plain(calm)
    assert warned_once(caplog, "conversations without details")
    enriched = {each["id"]: each["enriched_at"] is not None for each in calm.events}
    for event in run.events:
        expected = enriched[event["id"]] and event["conversation_id"] != chosen
        assert (event["enriched_at"] is not None) == expected
    assert run.requests.count(f"GET /v2/conversations/{chosen}") <= 8


@pytest.mark.parametrize("refusal", ["403", "500"])
def test_refused_messages_cost_their_conversation_only_and_once(calm, chosen, refusal, caplog):
    faults = refusing(REFUSALS[refusal], is_messages(chosen))
    run = run_tap(NOON, streams=EVENTS, faults=faults, **DAY)
    assert plain(run).keys() == plain(calm).keys()
    # A sparse record names no customer, and nor does the row of a conversation's report.
    expected = plain(calm)
    for event_id, event in plain(run).items():
        nameless = event["conversation_id"] == chosen and event["user_id"] is None
        assert event == {**expected[event_id], **({"user_id": None} if nameless else {})}
    assert all(each["user_id"] for each in run.records["message_events"])
    assert warned_once(caplog, "conversations without messages")
    assert run.requests.count(f"GET /v2/conversations/{chosen}/messages") <= 8


@pytest.mark.parametrize("path", ["/v2/conversations/", "/messages"])
def test_an_outage_of_all_conversations_stops_the_run(path):
    with pytest.raises(RetryableError, match="in a row"):
        run_tap(NOON, streams=EVENTS, faults=refusing(Response(500), lambda p: path in p), **DAY)


def test_an_outage_in_the_middle_of_a_run_stops_it():
    count = 0

    def faults(request):
        nonlocal count
        count += request.path.startswith("/v2/conversations/")
        return (
            Response(500) if count > 20 and request.path.startswith("/v2/conversations/") else None
        )

    with pytest.raises(RetryableError, match="in a row"):
        run_tap(NOON, streams=EVENTS, faults=faults, **DAY)


def test_a_single_failing_item_stops_the_run_if_nothing_responds_any_more(chosen):
    down = False

    def faults(request):
        nonlocal down
        down = down or is_record(chosen)(request.path)
        return Response(503) if down else None

    with pytest.raises(RetryableError, match="503"):
        run_tap(NOON, streams=EVENTS, faults=faults, max_concurrency=1, **DAY)


def test_conversations_that_are_all_refused_stop_the_events_that_have_no_customer_without_them():
    faults = refusing(REFUSALS["403"], lambda path: path.startswith("/v2/conversations/"))
    with pytest.raises(FreshchatError, match="customers of events are unknown"):
        run_tap(NOON, streams=("conversation_events",), faults=faults, **DAY)
    # Transcript rows name the customer.
    run = run_tap(NOON, streams=("message_events",), faults=faults, **DAY)
    assert all(each["user_id"] for each in run.events)


def test_a_wrong_token_stops_the_run(chosen):
    with pytest.raises(AuthorizationError):
        run_tap(NOON, streams=EVENTS, faults=refusing(Response(401), is_record(chosen)), **DAY)


def odd(item):
    """Faults: an odd item in every list of messages."""

    def faults(request):
        if not request.path.endswith("/messages"):
            return None
        return Response.of_json(200, {"messages": [item]})

    return faults


@pytest.mark.parametrize(
    "item",
    [
        {"id": None, "created_time": "2026-11-22T10:00:00Z"},
        {"id": "m", "created_time": None},
        {"id": "m", "created_time": "yesterday"},
        {"id": ["m"], "created_time": "2026-11-22T10:00:00Z"},
        "message",
        None,
    ],
)
def test_an_odd_message_among_those_that_enrich_is_left_out_and_counted(calm, item, caplog):
    run = run_tap(NOON, streams=EVENTS, faults=odd(item), **DAY)
    assert plain(run).keys() == plain(calm).keys()
    assert warned_once(caplog, "messages without a readable id or time")
    # What the missing message could disprove is absent.
    for event in run.records["message_events"]:
        [element] = event["message"]["messages"]
        assert "is_first_message" not in element


# --- users


def users_refused(response, ids=None):
    """Faults: the look-up of some users is refused; of all without `ids`."""

    def faults(request):
        if request.path != "/v2/users/fetch":
            return None
        asked = json.loads(request.body)["ids"]
        return response if ids is None or ids & set(asked) else None

    return faults


@pytest.mark.parametrize("refusal", ["400", "403", "500", "no JSON"])
def test_a_batch_of_users_is_split_down_to_the_refused_one(calm, refusal, caplog):
    customers = {each["user_id"]: each["user_reference_id"] for each in calm.events}
    bad = sorted(each for each in customers if each and customers[each])[5]
    faults = users_refused(REFUSALS[refusal], {bad})
    run = run_tap(NOON, streams=EVENTS, faults=faults, **DAY)
    assert plain(run) == plain(calm)
    references = {each["user_id"]: each["user_reference_id"] for each in calm.events}
    for event in run.records["conversation_events"]:
        known = event["user_id"] != bad
        assert event["user_reference_id"] == (references[event["user_id"]] if known else None)
    assert warned_once(caplog, "users without details")


def test_the_first_user_of_all_can_be_the_refused_one(calm):
    bad = min(each["user_id"] for each in calm.events if each["user_id"])
    run = run_tap(NOON, streams=EVENTS, faults=users_refused(Response(400), {bad}), **DAY)
    assert plain(run) == plain(calm)


def test_the_refused_user_can_also_be_the_first_in_the_list_of_users(calm):
    bad, other, *_ = sorted({each["user_id"] for each in calm.events if each["user_id"]})
    refuse = users_refused(Response(400), {bad})

    def faults(request):
        if request.path == "/v2/users":
            listed = [{"id": user_id, "updated_time": NOON.isoformat()} for user_id in (bad, other)]
            return Response.of_json(200, {"users": listed})
        return refuse(request)

    assert plain(run_tap(NOON, streams=EVENTS, faults=faults, **DAY)) == plain(calm)


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_the_look_up_of_users_that_is_refused_as_a_whole_stops_the_stream_and_says_so(status):
    with pytest.raises(FreshchatError, match="look-up of any user"):
        run_tap(NOON, streams=EVENTS, faults=users_refused(Response(status)), **DAY)


@pytest.mark.parametrize("item", [None, "user", {"id": None}, {"first_name": "A"}])
def test_an_odd_user_in_a_response_costs_nobody_else_anything(calm, item, caplog):
    ids = {each["user_id"] for each in calm.events}

    def faults(request):
        if request.path != "/v2/users/fetch":
            return None
        asked = json.loads(request.body)["ids"]
        users = [{"id": each, "reference_id": f"ref-{each}"} for each in asked]
        return Response.of_json(200, {"users": [*users, item]})

    run = run_tap(NOON, streams=EVENTS, faults=faults, **DAY)
    assert {each["user_id"] for each in run.events} == ids
    for event in run.events:
        assert event["user_reference_id"] == (event["user_id"] and f"ref-{event['user_id']}")
    assert warned_once(caplog, "users without an id")


# --- lists of the account


@pytest.mark.parametrize("path", ["agents", "groups", "channels", "agents/status"])
@pytest.mark.parametrize("refusal", NAMES)
def test_a_refused_list_of_the_account_costs_names_only(calm, path, refusal, caplog):
    faults = refusing(REFUSALS[refusal], lambda each: each == f"/v2/{path}")
    run = run_tap(NOON, streams=(*EVENTS, "agent_activity"), faults=faults, **DAY)
    assert plain(run).items() >= plain(calm).items()
    assert len(run.records["agent_activity"]) > 5
    kind = path.replace("agents/status", "agent statuses")
    # A bare list is one form of the response, and an empty one says so.
    assert (path, refusal) == ("agents/status", "no object") or warned_once(
        caplog, f"lists of {kind} not read"
    )


@pytest.mark.parametrize("refusal", ["400", "403", "no object"])
def test_a_refused_configuration_of_the_account_costs_its_fields_only(refusal, caplog):
    faults = refusing(REFUSALS[refusal], lambda path: path.endswith("/accounts/configuration"))
    run = run_tap(NOON, streams=("agent_activity",), faults=faults, **DAY)
    assert {each["account_id"] for each in run.events} == {None}
    assert warned_once(caplog, "account configurations not read")


@pytest.mark.parametrize("name", ["agents", "groups", "roles", "agent_statuses"])
def test_the_stream_of_a_list_fails_if_the_list_is_refused(name):
    path = {"agent_statuses": "agents/status"}.get(name, name)
    faults = refusing(REFUSALS["403"], lambda each: each == f"/v2/{path}")
    with pytest.raises(AuthorizationError):
        run_tap(NOON, streams=(name,), faults=faults)


@pytest.mark.parametrize("name", ["agents", "groups", "conversation_fields"])
def test_an_odd_item_of_a_list_is_left_out_and_counted(name, caplog):
    path = {"conversation_fields": "conversations/fields"}.get(name, name)
    items = [{"id": "a"}, {"id": None}, None, "b", {"id": 7}]
    faults = refusing(
        Response.of_json(200, {name.split("_")[-1]: items}), lambda p: p == f"/v2/{path}"
    )
    run = run_tap(NOON, streams=(name,), faults=faults)
    assert [each["id"] for each in run.records[name]] == ["a", "7"]
    assert warned_once(caplog, f"{name.replace('_', ' ')} without an id")


@pytest.mark.parametrize("key", ["states", "statuses", "none"])
def test_statuses_of_agents_are_read_under_any_key_and_once_for_all_streams(key):
    url = f"{URL}&agent_statuses_key={key}"
    streams = ("agent_statuses", "agent_activity")
    run = run_tap(NOON, streams=streams, **{**DAY, "url": url})
    ids = {each["id"] for each in run.records["agent_statuses"]}
    assert len(ids) > 2
    custom = {each["agent_activity"]["custom_status_id"] for each in run.events}
    assert custom & ids
    assert run.requests.count("GET /v2/agents/status") == 1


def test_via_rest_a_refused_list_of_agents_is_an_error_because_their_statuses_come_from_it():
    faults = refusing(REFUSALS["403"], lambda path: path == "/v2/agents")
    with pytest.raises(AuthorizationError):
        run_tap(NOON, streams=("agent_activity",), faults=faults, **REST)


# --- REST crawl


@pytest.mark.parametrize("refusal", NAMES)
def test_via_rest_a_refused_record_costs_details_only(calm_rest, chosen, refusal, caplog):
    faults = refusing(REFUSALS[refusal], is_record(chosen))
    run = run_tap(NOON, streams=EVENTS, faults=faults, **REST)
    expected = {
        key: value
        for key, value in plain(calm_rest).items()
        # Only the record shows who has the conversation now.
        if not (value["time_is_approximate"] and value["conversation_id"] == chosen)
    }
    found = plain(run)
    assert found.keys() == expected.keys()
    assert all(
        (event["enriched_at"] is None) == (event["conversation_id"] == chosen)
        for event in run.events
    )
    assert warned_once(caplog, "conversations without details")


@pytest.mark.e2e
@pytest.mark.parametrize("refusal", NAMES)
@pytest.mark.parametrize("what", ["messages", "user"])
def test_via_rest_events_that_cannot_be_read_come_in_the_run_that_can(
    calm_rest, chosen, refusal, what, caplog
):
    [user] = {each["user_id"] for each in calm_rest.events if each["conversation_id"] == chosen} - {
        None
    }
    path = f"/v2/users/{user}/conversations"
    matches = is_messages(chosen) if what == "messages" else path.__eq__
    faults = refusing(REFUSALS[refusal], matches)
    first = run_tap(NOON, streams=EVENTS, faults=faults, **REST)
    exact = {key for key, each in plain(calm_rest).items() if not each["time_is_approximate"]}
    missing = exact - plain(first).keys()
    lost = {each["conversation_id"] for each in calm_rest.events if each["id"] in missing}
    assert chosen in lost
    assert lost == {chosen} or what == "user"
    assert "to read again in the next run" in caplog.text
    # It stays unreadable for a while, and then is read.
    later = [first]
    for number in range(1, 4):
        later.append(
            run_tap(
                NOON + number * 3 * HOUR,
                later[-1].state,
                streams=EVENTS,
                faults=faults if number < 3 else None,
                **REST,
            )
        )
    assert missing <= plain(later[-1]).keys()
    assert all(not missing & plain(run).keys() for run in later[:-1])
    assert "unread" in json.dumps(later[-2].state)
    assert "unread" not in json.dumps(later[-1].state)
    # Nothing else comes twice.
    counts = Counter(each["id"] for run in later for each in run.events)
    assert {key for key, count in counts.items() if count > 1} <= {
        each["id"] for each in later[-1].events if each["conversation_id"] in lost
    }


def test_via_rest_an_odd_message_costs_that_message_only(calm_rest, chosen, caplog):
    def faults(request):
        if not is_messages(chosen)(request.path):
            return None
        return Response.of_json(200, {"messages": messages})

    sample = next(
        each for each in calm_rest.records["message_events"] if each["conversation_id"] == chosen
    )
    [message] = sample["message"]["messages"]
    messages = [message, {**message, "id": None}, {**message, "id": "x", "created_time": None}, 5]
    run = run_tap(NOON, streams=EVENTS, faults=faults, **REST)
    found = [
        each["id"] for each in run.records["message_events"] if each["conversation_id"] == chosen
    ]
    assert found == [sample["id"]]
    assert warned_once(caplog, "messages without a readable id or time")


@pytest.mark.parametrize("path", ["/messages", "/conversations"])
def test_via_rest_a_refusal_of_everything_stops_the_run(path):
    faults = refusing(REFUSALS["403"], lambda each: each.endswith(path))
    with pytest.raises(FreshchatError, match="in a row"):
        run_tap(NOON, streams=EVENTS, faults=faults, **REST)


# --- ids of people


@pytest.mark.parametrize(
    "text",
    [
        *("undefined", "null", "NULL", "0", "none", "NaN", "[object Object]", " ", "", "nil"),
        *("-", "000", "00000000-0000-0000-0000-000000000000", "-1", "(null)", "'null'", "N/A"),
        *("Undefined", "anonymous", "unknown", "false", "{}", " undefined "),
    ],
)
def test_a_placeholder_is_no_id(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["10", "a0", "nullable", "none@example.com", "Na", "00-01", "x"])
def test_an_id_that_resembles_a_placeholder_is_an_id(text):
    assert not is_placeholder(text)


@pytest.mark.parametrize("text", ["undefined", "NULL", "0", " ", 0, {"id": 5}])
def test_a_placeholder_never_becomes_the_id_of_a_user(calm, text, caplog):
    def faults(request):
        if request.path == "/v2/users/fetch":
            asked = json.loads(request.body)["ids"]
            return Response.of_json(200, [{"id": each, "reference_id": text} for each in asked])
        return None

    run = run_tap(NOON, streams=("conversation_events",), faults=faults, **DAY)
    assert {each["user_reference_id"] for each in run.events} == {None}
    assert {
        (each["associations"].get("user") or {}).get("reference_id") for each in run.events
    } == {None}
    assert {each["user_id"] for each in run.events} <= {each["user_id"] for each in calm.events}
    assert warned_once(caplog, "placeholders instead of a person's id")
    assert "undefined, null or 0" in caplog.text


def test_a_placeholder_is_no_id_in_the_stream_of_users_either(caplog):
    users = [
        {"id": n, "reference_id": text, "updated_time": "2026-11-22T10:00:00Z"}
        for n, text in enumerate(("null", "ref", None, ""))
    ]
    faults = refusing(Response.of_json(200, {"users": users}), lambda path: path == "/v2/users")
    run = run_tap(NOON, streams=("users",), faults=faults)
    assert [each["reference_id"] for each in run.records["users"]] == [None, "ref", None, None]
    assert warned_once(caplog, "placeholders instead of a person's id")


def test_a_rate_limit_that_outlasts_all_retries_is_an_error_and_no_bug():
    limit = Response(429, {"Retry-After": "3600"})
    faults = refusing(limit, lambda path: path.startswith("/v2/conversations/"))
    with pytest.raises(RetryableError, match="rate limit.*in a row"):
        run_tap(NOON, streams=EVENTS, faults=faults, **DAY)


def test_a_look_up_of_users_without_a_list_is_no_look_up_of_nobody():
    faults = refusing(Response.of_json(200, {"data": []}), lambda path: path == "/v2/users/fetch")
    with pytest.raises(FreshchatError, match="refuses the look-up of any user"):
        run_tap(NOON, streams=EVENTS, faults=faults, **DAY)


@pytest.mark.parametrize("source", [{**DAY, "max_concurrency": 4}, {**REST, "max_concurrency": 4}])
def test_a_look_up_that_ends_early_leaves_no_thread_behind(source):
    faults = refusing(Response(500), lambda path: "/messages" in path)
    with pytest.raises(RetryableError) as error:
        run_tap(NOON, streams=EVENTS, faults=faults, **source)
    # The error still holds what was running.
    assert error.tb
    assert [each for each in threading.enumerate() if each.name.startswith("look-up")] == []
