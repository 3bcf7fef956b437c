"""Responses of Freshchat: headers, broken bodies, and JSON of any shape."""

from __future__ import annotations

import contextlib
import io
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from fakes.freshchat_client import freshchat_client
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from tap_freshchat.activity.rest_inference import events_from_snapshot, message_records
from tap_freshchat.api import pagination
from tap_freshchat.api.rate_limiting import MAX_PAUSE_SECONDS, pause_after
from tap_freshchat.errors import FreshchatError
from tap_freshchat.lookups.changed_users import ChangedUsers
from tap_freshchat.lookups.conversations import ConversationLookup
from tap_freshchat.lookups.directory import AccountDirectory
from tap_freshchat.lookups.enrichment import Enrichment
from tap_freshchat.lookups.rest_crawl import RestCrawl
from tap_freshchat.metric_records import Metric, historical_records, instant_records
from tap_freshchat.reports.scheduler import ReportJobScheduler
from tap_freshchat.set_aside import SetAside
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_freshchat.api.client import FreshchatClient

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
HOUR = Window(NOON - timedelta(hours=1), NOON)
# After so many requests, every response is 404, so that pagination ends.
MOST_REQUESTS = 40


class _Clock:
    """Waiting takes no time."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


class _Far(BaseAdapter):
    """Transport adapter that returns the responses of a list, then 404."""

    def __init__(self, answers: Iterable[tuple[int, Mapping[str, str], bytes]]) -> None:
        super().__init__()
        self._answers = iter(answers)
        self._given = 0

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self._given += 1
        gone: tuple[int, Mapping[str, str], bytes] = (404, {}, b"{}")
        status, headers, body = next(self._answers, gone)
        if self._given > MOST_REQUESTS:
            status, headers, body = gone
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.url = request.url or ""
        response.request = request
        response.raw = HTTPResponse(io.BytesIO(body), status=status, preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""


def client_of(answers: Iterable[tuple[int, Mapping[str, str], bytes]]) -> FreshchatClient:
    """Return a client of the tap that gets these responses: status, headers, body."""
    return freshchat_client(_Far(answers), _Clock(), token="token", timeout=1)


def headers_of(text: str) -> dict[str, str]:
    """Lines of `Name: value`."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value for name, mark, value in pairs if mark}


def head(data: bytes) -> None:
    """Parse a status, header lines, a blank line and a body, and pass them to the client."""
    text, _, body = data[1:].partition(b"\n\n")
    headers = headers_of(text.decode("latin-1"))
    status = 200 + 4 * (data[0] if data else 0)
    pause = pause_after(status, headers, NOON)
    if not 0 <= pause <= MAX_PAUSE_SECONDS:
        raise AssertionError(pause)
    with contextlib.suppress(FreshchatError):
        client_of([(status, headers, body)] * MOST_REQUESTS).get("/agents")


def _page(client: FreshchatClient) -> None:
    for _ in pagination.PagedList(client, "/roles", "roles").items():
        pass


def _enrichment(client: FreshchatClient) -> Enrichment:
    return Enrichment(client, SetAside(Path("not written")))


def _account(client: FreshchatClient) -> None:
    directory = AccountDirectory(client, _enrichment(client))
    _ = directory.account, directory.agent_status_ids, directory.agents


def _lookup(client: FreshchatClient) -> None:
    lookup = ConversationLookup(client, _Clock(), _enrichment(client))
    found = lookup.get_snapshots({"c1": NOON - timedelta(days=1), "c2": None})
    for snapshot in found.values():
        _ = snapshot.history.first_visible_message, snapshot.history.response_due(NOON)
    lookup.get_users(["u1", "u2"])


def _walk(client: FreshchatClient) -> None:
    with tempfile.TemporaryDirectory() as folder:
        listing = ChangedUsers(client, Path(folder))
        walk = RestCrawl(
            client,
            listing,
            _Clock(),
            Path(folder),
            _enrichment(client),
            in_shard=bool,
            all_users=False,
        )
        for snapshot, _ in walk.conversations(HOUR, {}):
            events_from_snapshot(snapshot)
            for _ in message_records(snapshot, None):
                pass


def _job(client: FreshchatClient) -> None:
    jobs = ReportJobScheduler(
        client, _Clock(), jobs_per_minute=1, timeout=timedelta(minutes=5), exclude_pii=False
    )
    job = jobs.queue("Conversation-Created", HOUR)
    jobs.wait_for(job)
    for part in job.leaf_jobs():
        for link in part.links or ():
            client.download(link, list)


def _metrics(client: FreshchatClient) -> None:
    answer = client.get("/metrics")
    if isinstance(answer, dict):
        metric = Metric.parse("csat_metrics.satisfactory_interactions")
        with contextlib.suppress(ValueError):
            list(historical_records(metric, answer, interval="1h"))
        with contextlib.suppress(ValueError):
            list(instant_records(metric, answer, now=NOON))


ASKING = (_page, _account, _lookup, _walk, _job, _metrics)


def shapes(data: bytes) -> None:
    """Bodies, one a line, for one of those who ask; the first byte says which."""
    ask = ASKING[data[0] % len(ASKING)] if data else _page
    with contextlib.suppress(FreshchatError):
        ask(client_of((200, {}, body) for body in data[1:].split(b"\n")))


TARGETS: Mapping[str, Callable[[bytes], None]] = {"head": head, "shapes": shapes}
