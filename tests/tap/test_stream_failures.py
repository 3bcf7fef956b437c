"""Streams that fail, and the streams after them."""

from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

from freshchat_sandbox import Response
from tap_freshchat.errors import AuthorizationError, RetryableError

STREAMS = ("agents", "channels", "roles", "users")
START = {"start_date": (NOON - timedelta(hours=6)).isoformat(), "streams": STREAMS}


def at(path, status):
    return lambda request: Response(status) if request.path == path else None


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_stream_that_fails_does_not_stop_the_streams_after_it(status, caplog):
    whole = run_tap(NOON, **START)
    run = run_tap(NOON, faults=at("/v2/roles", status), keep_failures=True, **START)
    assert list(run.failures) == ["roles"]
    assert run.records["users"] == whole.records["users"]
    assert run.state == whole.state
    [line] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert line.getMessage().startswith("Stream roles failed: GET /v2/roles")


def test_a_token_that_stops_to_work_ends_the_run():
    with pytest.raises(AuthorizationError, match="api_token"):
        run_tap(NOON, faults=at("/v2/channels", 401), keep_failures=True, **START)


def test_a_service_that_goes_down_ends_the_run():
    seen = []

    def down(request):
        seen.append(request)
        return Response(503) if len(seen) > 2 else None

    with pytest.raises(RetryableError):
        run_tap(NOON, faults=down, keep_failures=True, **START)
