"""Every kind of fault that a schedule can hold, and when each may strike; data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Channel(Enum):
    """What is counted, so that a fault strikes at the so-manieth of it."""

    CALL = "call"  # a request to Freshchat's API, of any kind
    ORDER = "order"  # a report job that Freshchat took
    POLL = "poll"  # a look at a report job
    FILE = "file"  # a download behind a signed link
    BATCH = "batch"  # a request to Segment
    STATE = "state"  # a STATE that the target wrote
    RUN = "run"  # a start of the pair


# How many of each a schedule is sure to see, or nearly: a fault is drawn within it.
SEEN = {
    Channel.CALL: 60,
    Channel.ORDER: 16,
    Channel.POLL: 30,
    Channel.FILE: 14,
    Channel.BATCH: 12,
    Channel.STATE: 4,
    Channel.RUN: 1,
}
# Where a signal may be sent from: whatever goes on at that moment.
MOMENTS = (*(Channel.CALL, Channel.POLL, Channel.FILE, Channel.BATCH, Channel.STATE, Channel.RUN),)
# What there is only of where Freshchat makes reports.
OF_REPORTS = {Channel.ORDER, Channel.POLL, Channel.FILE}


@dataclass(frozen=True)
class Kind:
    """A kind of fault; without a channel, it may strike at any of `MOMENTS`."""

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
        ),
        *_of("freshchat", Channel.ORDER, "job-stuck"),
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
            "event-poisonous",
        ),
        *_of(
            "disk", Channel.RUN, "dead-letters-cut-short", "dead-letters-no-space", "spool-no-space"
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
