"""Every stream under temporary faults: the records are those of a run without faults."""

from datetime import timedelta
from random import Random

import pytest
import requests
from fakes.clock import NOON
from fakes.runs import run_tap

from freshchat_sandbox import EXTRACT_HOST, Response
from tap_freshchat.errors import RetryableError
from tap_freshchat.tap import TapFreshchat

pytestmark = pytest.mark.e2e

STREAMS = tuple(TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False).streams)
URL = "sandbox://?opened=2026-11-10&report_jobs_per_minute=20"
START = {"start_date": (NOON - timedelta(days=2)).isoformat(), "report_jobs_per_minute": 20}
LATER = timedelta(hours=3)
# The present state of things differs with the moment it is looked at, and waiting takes time.
VOLATILE = {
    *(
        "enriched_at",
        "snapshot_time",
        "availability_status",
        "agent_status",
        "login_status",
        "value",
    ),
    *("updated_time", "conversation", "message", "associations", "actor"),
}


def answer(status, body=b"{}", **headers):
    return Response(status=status, headers=headers, body=body)


class TemporaryFaults:
    """Faults of one request in six, of the kinds that hosted services have."""

    RESPONSES = (
        answer(429, **{"Retry-After": "2"}),
        answer(429, **{"Retry-After": "Sun, 22 Nov 2026 12:00:05 GMT"}),
        answer(503, b"<html>busy</html>"),
        answer(200, b'{"agents": [{"id"'),
        answer(200, **{"Content-Length": "1000"}),
        requests.ConnectionError("reset by peer"),
        requests.Timeout("slow"),
    )
    FILES = (
        answer(403, b"<Error>Request has expired</Error>"),
        answer(200, b"PK\x03\x04 and then nothing"),
        answer(500),
    )

    def __init__(self, seed):
        self.rng = Random(seed)

    def __call__(self, request):
        if self.rng.random() > 1 / 6:
            return None
        found = self.rng.choice(self.FILES if request.host == EXTRACT_HOST else self.RESPONSES)
        if isinstance(found, Exception):
            raise found
        return found


def plain(record):
    return {name: value for name, value in record.items() if name not in VOLATILE}


def reported(run, stream):
    records = [plain(record) for record in run.records[stream]]
    # The order of the rows of a report differs between jobs.
    return sorted(records, key=repr) if stream.startswith("report_") else records


@pytest.fixture(scope="module")
def without_faults():
    first = run_tap(NOON, streams=STREAMS, url=URL, **START)
    return first, run_tap(NOON + LATER, first.state, streams=STREAMS, url=URL, **START)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_records_of_every_stream_are_the_same_in_a_first_and_a_later_run(without_faults, seed):
    first = run_tap(NOON, streams=STREAMS, url=URL, faults=TemporaryFaults(seed), **START)
    later = run_tap(
        NOON + LATER, first.state, streams=STREAMS, url=URL, faults=TemporaryFaults(seed), **START
    )
    for stream in STREAMS:
        for expected, found in zip(without_faults, (first, later), strict=True):
            assert reported(found, stream) == reported(expected, stream), stream
    assert len(first.requests) > len(without_faults[0].requests)


def test_a_permanent_fault_ends_the_run_with_an_unchanged_bookmark():
    calls = []

    def dies(request):
        calls.append(request)
        return answer(500) if len(calls) > 60 else None

    with pytest.raises(RetryableError, match="returned 500"):
        run_tap(NOON, streams=STREAMS, url=URL, faults=dies, **START)


def test_without_any_response_the_error_names_the_setting_to_check():
    def faults(_):
        raise requests.ConnectionError

    with pytest.raises(RetryableError, match="Check setting api_url and the network"):
        run_tap(NOON, faults=faults)
    with pytest.raises(RetryableError) as error:
        run_tap(NOON, faults=lambda _: Response(503))
    assert "api_url" not in str(error.value)
