"""Runs of the tap in this process, against the sandbox, at a given time."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import requests
from singer_sdk.singerlib import Catalog

import freshchat_sandbox as sandbox
from tap_freshchat.config import Config
from tap_freshchat.errors import StreamsFailedError
from tap_freshchat.run_context import RunContext
from tap_freshchat.shutdown import TempDir
from tap_freshchat.tap import TapFreshchat

if TYPE_CHECKING:
    from datetime import datetime

EVENT_STREAMS = ("agent_activity", "conversation_events", "message_events")


class Killed(BaseException):
    """Simulated end of the process, without any clean-up."""


@dataclass
class Run:
    """Messages that one run wrote, and its requests."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    kill_after: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    failures: dict[str, str] = field(default_factory=dict)

    def write_message(self, message: Any) -> None:
        if len(self.messages) == self.kill_after:
            raise Killed
        # Through JSON, so that later changes to the tap's own objects do not show.
        self.messages.append(json.loads(json.dumps(message.to_dict(), default=str)))

    @property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        found = defaultdict(list)
        for message in self.messages:
            if message["type"] == "RECORD":
                found[message["stream"]].append(message["record"])
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        return [record for stream in EVENT_STREAMS for record in self.records[stream]]

    @property
    def state(self) -> dict[str, Any]:
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return states[-1] if states else {}


def posted_message_id(record: dict[str, Any]) -> str | None:
    """The id of the message whose posting is the event; None for other events."""
    posted: str | None = record["message_id"] if record["event"] == "onMessageCreate" else None
    return posted


def run_tap(
    now: datetime,
    # Any, because tests unpack settings of several types.
    state: Any = None,
    *,
    streams: Any = EVENT_STREAMS,
    url: Any = "sandbox://",
    faults: Any = None,
    kill_after: Any = None,
    ahead: Any = timedelta(0),
    keep_failures: Any = False,
    **config: Any,
) -> Run:
    """One run, from the given state, of the given streams; its clock is `ahead` of theirs.

    The first error of a stream is raised, unless `keep_failures` is set.
    """
    run = Run(kill_after=kill_after)
    tap = TapFreshchat(
        # A run in this process leaves no file where the tests were started.
        config={"api_url": url, "rejected_rows_path": os.devnull, **config},
        state=json.loads(json.dumps(state or {})),
        catalog=_selected(streams),
        message_writer=cast("Any", run),
    )
    settings = connect(tap, url, now, faults=faults, ahead=ahead, log=run.requests).config
    try:
        tap.sync_all()
    except Killed:
        pass
    except StreamsFailedError as error:
        if not keep_failures:
            raise next(iter(error.errors.values())) from None
        run.failures = {stream: str(cause) for stream, cause in error.errors.items()}
    run.since, run.until = settings.start, tap.run.time_range.report_end
    return run


def connect(
    tap: TapFreshchat,
    url: str,
    now: datetime,
    *,
    faults: Any = None,
    ahead: timedelta = timedelta(0),
    log: list[str] | None = None,
) -> RunContext:
    """Connect a tap to a new sandbox; the log gets the method and path of each request."""
    clock = sandbox.SandboxClock(now + ahead)
    options = sandbox.Options.from_url(url)

    def watched(request: sandbox.Request) -> sandbox.Response | None:
        if log is not None:
            log.append(f"{request.method} {request.path}")
        response: sandbox.Response | None = faults(request) if faults else None
        return response

    adapter = sandbox.SandboxAdapter(
        sandbox.Sandbox(options, lambda: clock.now() - ahead, faults=watched)
    )
    session = requests.Session()
    session.mount("https://", adapter)
    settings = Config.from_config(tap.config, clock.now())
    tap.run = RunContext(
        settings,
        clock=clock,
        session=session,
        token=settings.token or options.token,
        temp_dir=TempDir(),
    )
    return tap.run


def truth(url: str, start: datetime, end: datetime) -> list[sandbox.GroundTruthEvent]:
    """Return the ground truth."""
    account = sandbox.Sandbox(sandbox.Options.from_url(url), lambda: end)
    return list(account.ground_truth(start, end))


def _selected(streams: tuple[str, ...]) -> Catalog:
    tap = TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False)
    catalog = Catalog.from_dict(tap.catalog_dict)
    for name, entry in catalog.items():
        entry.metadata.root.selected = name in streams
    return catalog
