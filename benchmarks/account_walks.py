"""How many requests an incremental run takes, of the tap and of a client that walks the account."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import requests
from far_end import UNLIMITED
from peer_walk import walk
from singer_sdk.singerlib import Catalog

import freshchat_sandbox as sandbox
from tap_freshchat.config import Config
from tap_freshchat.run_context import RunContext
from tap_freshchat.shutdown import TempDir
from tap_freshchat.tap import TapFreshchat

CONVERSATIONS = 10_000
DAYS = 30
# In so much time about 1 % of the conversations of 30 days move.
SINCE_LAST_RUN = timedelta(hours=4)
# What a walking client reads, and the events besides.
STREAMS = ("agent_activity", "conversation_events", "message_events", "messages", "conversations")


class Messages:
    """The messages of one run; a writer."""

    def __init__(self) -> None:
        self.moved: set[str] = set()
        self.state: dict[str, Any] = {}

    def write_message(self, message: Any) -> None:
        """Note what matters of a message."""
        content = message.to_dict()
        if content["type"] == "STATE":
            self.state = json.loads(json.dumps(content["value"]))
        elif content["type"] == "RECORD" and content["record"].get("conversation_id"):
            self.moved.add(content["record"]["conversation_id"])


class Counted:
    """The embedded Freshchat at a moment, in this process; counts what it is asked."""

    def __init__(self, now: datetime) -> None:
        self.clock = sandbox.SandboxClock(now)
        self.requests = 0
        options = sandbox.Options(
            conversations_per_day=CONVERSATIONS // DAYS,
            opened=(now - timedelta(days=DAYS)).date(),
            requests_per_minute=UNLIMITED,
        )
        self.session = requests.Session()
        account = sandbox.Sandbox(options, self.clock.now, faults=self._count)
        self.session.mount("https://", sandbox.SandboxAdapter(account))

    def _count(self, request: sandbox.Request) -> None:
        del request
        self.requests += 1


def requests_of_peer(now: datetime) -> tuple[int, int]:
    """Requests of a walk of the account, and the conversations that it met."""
    far_end = Counted(now)
    far_end.session.headers["Authorization"] = "Bearer sandbox"
    met = walk(far_end.session, f"https://{sandbox.API_HOST}/v2")
    return far_end.requests, met


def requests_of_tap(now: datetime) -> tuple[int, int]:
    """Requests of the tap's second run, and the conversations that moved since the first."""
    earlier = now - SINCE_LAST_RUN
    config = {"api_url": "sandbox://", "start_date": (earlier - timedelta(hours=2)).isoformat()}
    first = Messages()
    _run(config, {}, Counted(earlier), first)
    far_end, second = Counted(now), Messages()
    _run(config, first.state, far_end, second)
    return far_end.requests, len(second.moved)


def _run(config: dict[str, Any], state: dict[str, Any], far_end: Counted, writer: Messages) -> None:
    catalog = Catalog.from_dict(TapFreshchat(config=config).catalog_dict)
    for name, entry in catalog.items():
        entry.metadata.root.selected = name in STREAMS
    tap = TapFreshchat(
        config=config,
        state=state,
        catalog=catalog,
        message_writer=writer,  # type: ignore[arg-type]  # has what is called
    )
    checked = Config.from_config(tap.config, far_end.clock.now())
    tap.run = RunContext(
        checked,
        clock=far_end.clock,
        session=far_end.session,
        token="sandbox",  # noqa: S106 - the token of the sandbox
        temp_dir=TempDir(),
    )
    tap.sync_all()
