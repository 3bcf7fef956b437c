"""Schema of the settings: types, defaults and descriptions."""

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
        description="Write key of the Segment source. Required unless dry_run is set.",
    ),
    th.Property(
        "region",
        th.StringType(allowed_values=list(API_URLS)),
        default="us",
        title="Region",
        description="Region of the Segment workspace.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description=(
            "Endpoint that replaces the region's, without /batch: a custom domain or a test "
            "receiver."
        ),
    ),
    th.Property(
        "check_write_key",
        th.BooleanType,
        default=True,
        title="Check write key",
        description=(
            "Look up the write key at the start. Segment silently drops events with an unknown key."
        ),
    ),
    th.Property(
        "cdn_url",
        th.StringType,
        default=CDN_URL,
        title="CDN URL",
        description="Host where check_write_key looks up the key.",
    ),
    th.Property(
        "preset",
        th.StringType(allowed_values=[*preset_names(), NONE]),
        default="freshchat",
        title="Preset",
        description="Mappings for a known tap: freshchat, or none.",
    ),
    th.Property(
        "streams",
        _ANYTHING,
        default={},
        title="Streams",
        description='Mapping by stream; overrides the preset key by key. "*" is for all other streams.',
    ),
    th.Property(
        "validate_records",
        th.BooleanType,
        default=True,
        title="Validate records",
        description="Check each record against its stream's schema. Invalid records become dead letters.",
    ),
    th.Property(
        "unmapped_streams",
        th.StringType(allowed_values=["error", "skip"]),
        default="error",
        title="Unmapped streams",
        description="What to do with a stream that has no mapping.",
    ),
    th.Property(
        "event_style",
        th.StringType(allowed_values=list(STYLES)),
        default=DEFAULT_STYLE,
        title="Event style",
        description=(
            "Names of the preset's events: camel_case (onMessageCreate), "
            "title_case (On Message Create), or live_chat (Segment's Live Chat spec)."
        ),
    ),
    th.Property(
        "event_names",
        _ANYTHING,
        default={},
        title="Event names",
        description="Events to send under another name: {onMessageCreate: Message Posted}.",
    ),
    th.Property(
        "include_events",
        th.ArrayType(th.StringType),
        title="Include events",
        description="Names of the events to send. All if not set.",
    ),
    th.Property(
        "drop_properties",
        th.ArrayType(th.StringType),
        default=[],
        title="Drop properties",
        description="Dotted paths of properties and traits to remove from every event.",
    ),
    th.Property(
        "hash_properties",
        th.ArrayType(th.StringType),
        default=[],
        title="Hash properties",
        description="Dotted paths of properties and traits to replace by their SHA-256.",
    ),
    th.Property(
        "hash_salt",
        th.StringType,
        secret=True,
        title="Hash salt",
        description="Text that is put before each value that hash_properties hashes.",
    ),
    th.Property(
        "truncate_properties",
        th.ArrayType(th.StringType),
        default=[],
        title="Truncate properties",
        description="Dotted paths of texts to cut when an event is over 32 KB.",
    ),
    th.Property(
        "context",
        _ANYTHING,
        default={},
        title="Context",
        description="Object that is merged into the context of every event.",
    ),
    th.Property(
        "integrations",
        _ANYTHING,
        default={},
        title="Integrations",
        description='Destinations on or off for every event: {"All": false, "Warehouse": true}.',
    ),
    th.Property(
        "historical",
        th.BooleanType,
        default=False,
        title="Historical",
        description=(
            "For a backfill: set context.active to false, so that users do not look active today. "
            "Use integrations to exclude live destinations."
        ),
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=64),
        default=4,
        title="Max concurrency",
        description="Maximum number of requests in flight.",
    ),
    th.Property(
        "max_events_per_second",
        th.IntegerType(minimum=0),
        default=1000,
        title="Max events per second",
        description="Rate limit. The default is the rate that Segment asks for; 0 is unlimited.",
    ),
    th.Property(
        "batch_max_events",
        th.IntegerType(minimum=1, maximum=MAX_BODY_EVENTS),
        default=MAX_BODY_EVENTS,
        title="Batch max events",
        description="Maximum number of events in one request.",
    ),
    th.Property(
        "batch_max_bytes",
        # One event of the largest size must fit, with its envelope.
        th.IntegerType(minimum=MAX_EVENT_BYTES + 1_000, maximum=MAX_BODY_BYTES),
        # A little below Segment's 500,000, for proxies that count headers too.
        default=480_000,
        title="Batch max bytes",
        description="Maximum size of one request, before compression.",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1),
        default=15,
        title="Request timeout",
        description="Seconds to wait for a connection, and for a response.",
    ),
    th.Property(
        "max_retry_seconds",
        th.IntegerType(minimum=0),
        default=1800,
        title="Max retry seconds",
        description="How long to retry one request before the run fails.",
    ),
    th.Property(
        "state_flush_seconds",
        th.IntegerType(minimum=0),
        default=10,
        title="State flush seconds",
        description=(
            "Send the events of a STATE that is older than this without waiting for a full "
            "request. With 0, deliver them before the next message is read."
        ),
    ),
    th.Property(
        "dead_letter_path",
        th.StringType,
        default="dead_letters.jsonl",
        title="Dead letter path",
        description="File of the events that could not be sent, with the reasons.",
    ),
    th.Property(
        "max_dead_letters",
        th.IntegerType(minimum=0),
        default=1000,
        title="Max dead letters",
        description="Abort the run after this many dead letters.",
    ),
    th.Property(
        "dry_run",
        th.BooleanType,
        default=False,
        title="Dry run",
        description="Send nothing; write the request bodies and a preview page to output_path.",
    ),
    th.Property(
        "output_path",
        th.StringType,
        default="output",
        title="Output path",
        description="Directory for the files of a dry run.",
    ),
    additional_properties=False,
).to_dict()
