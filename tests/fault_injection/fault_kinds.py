"""Kinds of faults, and the channel on which each is injected; data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fault_injection.odd_rows import ROW_KINDS
from fault_injection.refusals import CONVERSATION, MESSAGES, USER


class Channel(Enum):
    """What is counted, so that a fault is injected at the nth event."""

    CALL = "call"  # a request to Freshchat's API, of any kind
    JOB = "job"  # a report job that Freshchat accepted
    ITEM = "item"  # a request for a conversation, its messages or users
    LIST = "list"  # a page of a list with its total
    POLL = "poll"  # a poll of a report job
    FILE = "file"  # a download behind a signed link
    BATCH = "batch"  # a request to Segment
    STATE = "state"  # a STATE that the target wrote
    RUN = "run"  # a start of the tap and the target


# How many of each nearly every schedule reaches: the position of a fault is drawn up to it.
EXPECTED_COUNTS = {
    Channel.CALL: 60,
    Channel.JOB: 16,
    Channel.ITEM: 20,
    Channel.LIST: 3,
    Channel.POLL: 30,
    Channel.FILE: 14,
    Channel.BATCH: 12,
    Channel.STATE: 4,
    Channel.RUN: 1,
}
# Channels at whose events a signal may be sent.
SIGNAL_CHANNELS = (
    *(Channel.CALL, Channel.POLL, Channel.FILE, Channel.BATCH, Channel.STATE, Channel.RUN),
)
# Channels that only accounts with reports have.
REPORT_CHANNELS = {Channel.JOB, Channel.POLL, Channel.FILE}


@dataclass(frozen=True)
class Kind:
    """A kind of fault; without a channel, it may be injected on any of `SIGNAL_CHANNELS`."""

    name: str
    side: str
    channel: Channel | None


def _of(side: str, channel: Channel | None, *names: str) -> tuple[Kind, ...]:
    return tuple(Kind(name, side, channel) for name in names)


KINDS = {
    kind.name: kind
    for kind in (
        *_of(
            "freshchat",
            Channel.CALL,
            "call-429-seconds",
            "call-429-date",
            "call-429-reset",
            "call-5xx",
            "call-reset-before",
            "call-reset-after",
            "call-cut",
            "call-dripping",
            "call-stalled",
            "call-html",
            "call-broken-json",
            "call-firewall",
        ),
        *_of("freshchat", Channel.ITEM, CONVERSATION, MESSAGES, USER),
        *_of("freshchat", Channel.LIST, "list-half-page"),
        *_of("freshchat", Channel.JOB, "job-stuck"),
        *_of("freshchat", Channel.POLL, "job-failed", "job-part-failed"),
        *_of(
            "freshchat",
            Channel.FILE,
            "link-expired",
            "link-dead",
            "link-html",
            "file-5xx",
            "file-reset",
            "file-cut",
            "file-dripping",
            "file-stalled",
            "zip-cut",
            "zip-damaged",
            *ROW_KINDS,
        ),
        *_of(
            "segment",
            Channel.BATCH,
            "batch-429-seconds",
            "batch-429-date",
            "batch-429-reset",
            "batch-460",
            "batch-5xx",
            "batch-5xx-stored",
            "batch-reset-before",
            "batch-reset-after",
            "batch-cut",
            "batch-dripping",
            "batch-stalled",
            "batch-slow-to-store",
            "batch-html",
            "batch-html-5xx",
            "batch-400",
            "batch-413",
            "batch-no-success",
            "event-poison",
        ),
        *_of(
            "disk",
            Channel.RUN,
            "dead-letters-cut-short",
            "dead-letters-no-space",
            "spool-no-space",
        ),
        *_of(
            "process",
            None,
            *(
                f"{signal}-{victim}"
                for signal in ("sigterm", "sigint", "sigkill")
                for victim in ("tap", "target", "both")
            ),
        ),
    )
}
