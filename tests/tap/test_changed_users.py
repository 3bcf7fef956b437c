"""User lists that several streams share."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from fakes.clock import NOON, StillClock
from fakes.freshchat_client import freshchat_client
from fakes.http import Answer, ScriptedAdapter

from tap_freshchat.lookups.changed_users import ChangedUsers
from tap_freshchat.times import parse_time
from tap_freshchat.windows import Window

WEEK = timedelta(days=7)
WEEKS = [Window(NOON - n * WEEK, NOON - (n - 1) * WEEK) for n in (3, 2, 1)]
USERS = [
    {"id": f"u{number}", "updated_time": (window.start + WEEK / 2).isoformat()}
    for number, window in enumerate(WEEKS)
]


def without_updated_to(request):
    """Account whose API applies only one bound of the filter."""
    [since] = parse_qs(urlsplit(request.url).query)["updated_from"]
    found = [each for each in USERS if parse_time(each["updated_time"]) >= parse_time(since)]
    return Answer(body={"users": found, "pagination": {"total_pages": 1}})


def test_windows_are_read_in_any_order_if_freshchat_ignores_half_of_the_filter(tmp_path):
    client = freshchat_client(ScriptedAdapter(without_updated_to), StillClock())
    listing = ChangedUsers(client, tmp_path)
    listing.register_windows(WEEKS)
    read = {number: [each["id"] for each in listing.users(WEEKS[number])] for number in (1, 0, 2)}
    assert read == {0: ["u0"], 1: ["u1"], 2: ["u2"]}
