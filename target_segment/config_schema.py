"""Schema of the settings: types, defaults and descriptions."""

from __future__ import annotations

from typing import Any, TypeAlias

from singer_sdk import typing as th

from target_segment.presets import DEFAULT_STYLE, NONE, STYLES, preset_names
from target_segment.segment_spec import MAX_BODY_BYTES, MAX_BODY_EVENTS, MAX_EVENT_BYTES

# segment.com docs, "Regional Segment" and "HTTP API" (2025-11).
API_URLS = {"us": "https://api.segment.io/v1", "eu": "https://events.eu1.segmentapis.com/v1"}
CDN_URL = "https://cdn.segment.com"

_Type: TypeAlias = "th.JSONTypeHelper[Any] | type[th.JSONTypeHelper[Any]]"
_ANYTHING = th.ObjectType(additional_properties=True)


def _setting(name: str, kind: _Type, description: str, **options: Any) -> th.Property[Any]:
    """Build a setting whose title is its name unless `title` is given."""
    title = options.pop("title", name.replace("_", " ").capitalize())
    return th.Property(name, kind, title=title, description=description, **options)


CONFIG_SCHEMA: dict[str, Any] = th.PropertiesList(
    _setting(
        "write_key",
        th.StringType,
        "Write key of the Segment source. Required unless dry_run is set.",
        secret=True,
    ),
    _setting(
        "region",
        th.StringType(allowed_values=list(API_URLS)),
        "Region of the Segment workspace.",
        default="us",
    ),
    _setting(
        "api_url",
        th.StringType,
        "Endpoint that replaces the region's, without /batch: a custom domain or a test receiver.",
        title="API URL",
    ),
    _setting(
        "check_write_key",
        th.BooleanType,
        "Look up the write key at the start. Segment silently drops events with an unknown key.",
        default=True,
    ),
    _setting(
        "cdn_url",
        th.StringType,
        "Host where check_write_key looks up the key.",
        default=CDN_URL,
        title="CDN URL",
    ),
    _setting(
        "preset",
        th.StringType(allowed_values=[*preset_names(), NONE]),
        "Mappings for a known tap: freshchat, or none.",
        default="freshchat",
    ),
    _setting(
        "streams",
        _ANYTHING,
        'Mapping by stream; overrides the preset key by key. "*" is for all other streams.',
        default={},
    ),
    _setting(
        "validate_records",
        th.BooleanType,
        "Check each record against its stream's schema. Invalid records become dead letters.",
        default=True,
    ),
    _setting(
        "unmapped_streams",
        th.StringType(allowed_values=["error", "skip"]),
        "What to do with a stream that has no mapping.",
        default="error",
    ),
    _setting(
        "event_style",
        th.StringType(allowed_values=list(STYLES)),
        "Names of the preset's events: camel_case (onMessageCreate), title_case (On "
        "Message Create), or live_chat (Segment's Live Chat spec).",
        default=DEFAULT_STYLE,
    ),
    _setting(
        "event_names",
        _ANYTHING,
        "Events to send under another name: {onMessageCreate: Message Posted}.",
        default={},
    ),
    _setting(
        "include_events",
        th.ArrayType(th.StringType),
        "Names of the events to send. All if not set.",
    ),
    _setting(
        "drop_properties",
        th.ArrayType(th.StringType),
        "Dotted paths of properties and traits to remove from every event.",
        default=[],
    ),
    _setting(
        "hash_properties",
        th.ArrayType(th.StringType),
        "Dotted paths of properties and traits to replace by their SHA-256.",
        default=[],
    ),
    _setting(
        "hash_salt",
        th.StringType,
        "Text that is put before each value that hash_properties hashes.",
        secret=True,
    ),
    _setting(
        "truncate_properties",
        th.ArrayType(th.StringType),
        "Dotted paths of texts to cut when an event is over 32 KB.",
        default=[],
    ),
    _setting(
        "context", _ANYTHING, "Object that is merged into the context of every event.", default={}
    ),
    _setting(
        "integrations",
        _ANYTHING,
        'Destinations on or off for every event: {"All": false, "Warehouse": true}.',
        default={},
    ),
    _setting(
        "historical",
        th.BooleanType,
        "For a backfill: set context.active to false, so that users do not look active "
        "today. Use integrations to exclude live destinations.",
        default=False,
    ),
    _setting(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=64),
        "Maximum number of requests in flight.",
        default=4,
    ),
    _setting(
        "max_events_per_second",
        th.IntegerType(minimum=0),
        "Rate limit. The default is the rate that Segment asks for; 0 is unlimited.",
        default=1000,
    ),
    _setting(
        "batch_max_events",
        th.IntegerType(minimum=1, maximum=MAX_BODY_EVENTS),
        "Maximum number of events in one request.",
        default=MAX_BODY_EVENTS,
    ),
    # One event of the largest size must fit with its envelope. The default is a little below
    # Segment's 500,000, for proxies that count headers too.
    _setting(
        "batch_max_bytes",
        th.IntegerType(minimum=MAX_EVENT_BYTES + 1_000, maximum=MAX_BODY_BYTES),
        "Maximum size of one request, before compression.",
        default=480_000,
    ),
    _setting(
        "request_timeout",
        th.IntegerType(minimum=1),
        "Seconds to wait for a connection, and for a response.",
        default=15,
    ),
    _setting(
        "max_retry_seconds",
        th.IntegerType(minimum=0),
        "How long to retry one request before the run fails.",
        default=1800,
    ),
    _setting(
        "state_flush_seconds",
        th.IntegerType(minimum=0),
        "Send the events of a STATE that is older than this without waiting for a full "
        "request. With 0, deliver them before the next message is read.",
        default=10,
    ),
    _setting(
        "dead_letter_path",
        th.StringType,
        "File of the events that could not be sent, with the reasons.",
        default="dead_letters.jsonl",
    ),
    _setting(
        "max_dead_letters",
        th.IntegerType(minimum=0),
        "Abort the run after this many dead letters.",
        default=1000,
    ),
    _setting(
        "dry_run",
        th.BooleanType,
        "Send nothing; write the request bodies and a preview page to output_path.",
        default=False,
    ),
    _setting(
        "output_path", th.StringType, "Directory for the files of a dry run.", default="output"
    ),
    additional_properties=False,
).to_dict()
