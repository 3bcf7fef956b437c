"""The settings as users see them: one schema, with defaults and descriptions."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from target_segment.presets import DEFAULT_STYLE, NONE, STYLES, preset_names
from target_segment.segment_spec import MAX_BODY_BYTES, MAX_BODY_EVENTS, MAX_EVENT_BYTES

# segment.com docs, "Regional Segment" and "HTTP API" (2025-11).
API_URLS = {
    "us": "https://api.segment.io/v1",
    "eu": "https://events.eu1.segmentapis.com/v1",
}
CDN_URL = "https://cdn.segment.com"

_ANYTHING = th.ObjectType(additional_properties=True)

CONFIG_SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "write_key",
        th.StringType,
        secret=True,
        title="Write key",
        description="Write key of the Segment source; required unless dry_run",
    ),
    th.Property(
        "region",
        th.StringType(allowed_values=list(API_URLS)),
        default="us",
        title="Region",
        description="Where the Segment workspace lives",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description=(
            "Own endpoint instead of the region's, up to and without /batch, "
            "for a custom domain or a test receiver"
        ),
    ),
    th.Property(
        "check_write_key",
        th.BooleanType,
        default=True,
        title="Check write key",
        description=(
            "Look the write key up at the start; Segment accepts and drops events of an unknown "
            "key without an error"
        ),
    ),
    th.Property(
        "cdn_url",
        th.StringType,
        default=CDN_URL,
        title="CDN URL",
        description="Where check_write_key looks the key up",
    ),
    th.Property(
        "preset",
        th.StringType(allowed_values=[*preset_names(), NONE]),
        default="freshchat",
        title="Preset",
        description="Ready mappings for a known tap: freshchat, or none",
    ),
    th.Property(
        "streams",
        _ANYTHING,
        default={},
        title="Streams",
        description='Mapping by stream, laid over the preset key by key; "*" is for all others',
    ),
    th.Property(
        "validate_records",
        th.BooleanType,
        default=True,
        title="Validate records",
        description="Check each record against its stream's schema; dead letters for the rest",
    ),
    th.Property(
        "unmapped_streams",
        th.StringType(allowed_values=["error", "skip"]),
        default="error",
        title="Unmapped streams",
        description="What to do with a stream that has no mapping",
    ),
    th.Property(
        "event_style",
        th.StringType(allowed_values=list(STYLES)),
        default=DEFAULT_STYLE,
        title="Event style",
        description=(
            "Spelling of the preset's events: camel_case (onMessageCreate), "
            "title_case (On Message Create), or live_chat (Segment's Live Chat spec)"
        ),
    ),
    th.Property(
        "event_names",
        _ANYTHING,
        default={},
        title="Event names",
        description="Events to send under another name: {onMessageCreate: Message Posted}",
    ),
    th.Property(
        "include_events",
        th.ArrayType(th.StringType),
        title="Include events",
        description="Names of the events to send; all if not set",
    ),
    th.Property(
        "drop_properties",
        th.ArrayType(th.StringType),
        default=[],
        title="Drop properties",
        description="Dotted paths of properties and traits to leave out of every event",
    ),
    th.Property(
        "hash_properties",
        th.ArrayType(th.StringType),
        default=[],
        title="Hash properties",
        description="Dotted paths of properties and traits to replace by their SHA-256",
    ),
    th.Property(
        "hash_salt",
        th.StringType,
        secret=True,
        title="Hash salt",
        description="Text put before each value that hash_properties hashes",
    ),
    th.Property(
        "truncate_properties",
        th.ArrayType(th.StringType),
        default=[],
        title="Truncate properties",
        description="Dotted paths of texts that may be cut when an event is over 32 KB",
    ),
    th.Property(
        "context",
        _ANYTHING,
        default={},
        title="Context",
        description="Merged into the context of every event",
    ),
    th.Property(
        "integrations",
        _ANYTHING,
        default={},
        title="Integrations",
        description='Destinations on or off for every event: {"All": false, "Warehouse": true}',
    ),
    th.Property(
        "historical",
        th.BooleanType,
        default=False,
        title="Historical",
        description=(
            "Back-fill: sets context.active to false, so that users do not look active today; "
            "use integrations to keep live destinations quiet"
        ),
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=64),
        default=4,
        title="Max concurrency",
        description="Requests in flight at the same time",
    ),
    th.Property(
        "max_events_per_second",
        th.IntegerType(minimum=0),
        default=1000,
        title="Max events per second",
        description="Ceiling of the sending rate, by default the one Segment asks for; 0 is none",
    ),
    th.Property(
        "batch_max_events",
        th.IntegerType(minimum=1, maximum=MAX_BODY_EVENTS),
        default=MAX_BODY_EVENTS,
        title="Batch max events",
        description="Most events in one request",
    ),
    th.Property(
        "batch_max_bytes",
        # One event of the largest size must fit, with its envelope.
        th.IntegerType(minimum=MAX_EVENT_BYTES + 1_000, maximum=MAX_BODY_BYTES),
        # A little below Segment's 500,000, for proxies on the way that count headers in.
        default=480_000,
        title="Batch max bytes",
        description="Most bytes in one request, before compression",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1),
        default=15,
        title="Request timeout",
        description="Seconds to wait for a connection, and for an answer",
    ),
    th.Property(
        "max_retry_seconds",
        th.IntegerType(minimum=0),
        default=1800,
        title="Max retry seconds",
        description="How long one request is tried again before the run fails",
    ),
    th.Property(
        "state_flush_seconds",
        th.IntegerType(minimum=0),
        default=10,
        title="State flush seconds",
        description=(
            "A STATE older than this has the events it covers sent without waiting for a full "
            "request; 0 sends and settles them before anything else is read"
        ),
    ),
    th.Property(
        "dead_letter_path",
        th.StringType,
        default="dead_letters.jsonl",
        title="Dead letter path",
        description="File of the events that could not be sent, with the reasons",
    ),
    th.Property(
        "max_dead_letters",
        th.IntegerType(minimum=0),
        default=1000,
        title="Max dead letters",
        description="More of them than this in one run end the run",
    ),
    th.Property(
        "dry_run",
        th.BooleanType,
        default=False,
        title="Dry run",
        description="Write the request bodies and a page about them to output_path, send nothing",
    ),
    th.Property(
        "output_path",
        th.StringType,
        default="output",
        title="Output path",
        description="Directory for the files of a dry run",
    ),
    additional_properties=False,
).to_dict()
