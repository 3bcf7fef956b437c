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


def _choice(*values: str) -> _Type:
    return th.StringType(allowed_values=list(values))


def _integer(minimum: int, maximum: int | None = None) -> _Type:
    return th.IntegerType(minimum=minimum, maximum=maximum)


_TEXTS = th.ArrayType(th.StringType)
_KINDS: dict[type, _Type] = {
    bool: th.BooleanType,
    int: _integer(0),
    list: _TEXTS,
    dict: th.ObjectType(additional_properties=True),
}


def _setting(
    name: str, description: str, default: Any = None, kind: _Type | None = None, **options: Any
) -> th.Property[Any]:
    """Build a setting; its kind follows from its default (text without one)."""
    title = options.pop("title", name.replace("_", " ").capitalize())
    kind = kind or _KINDS.get(type(default), th.StringType)
    return th.Property(name, kind, title=title, description=description, default=default, **options)


CONFIG_SCHEMA: dict[str, Any] = th.PropertiesList(
    _setting(
        "write_key", "Write key of the Segment source. Required unless dry_run is set.", secret=True
    ),
    _setting("region", "Region of the Segment workspace.", "us", kind=_choice(*API_URLS)),
    _setting(
        "api_url",
        "Endpoint that replaces the region's, without /batch: a custom domain, or another receiver "
        "of Segment's format.",
        title="API URL",
    ),
    _setting(
        "headers",
        "Extra request headers, for receivers other than Segment: {X-Strict-Mode: '1'}.",
        {},
        secret=True,
    ),
    _setting(
        "allow_http",
        "Allow http to a host other than this one, which sends write key and events unencrypted.",
        default=False,
        title="Allow HTTP",
    ),
    _setting(
        "check_write_key",
        "Look up the write key at the start. Segment silently drops events with an unknown key.",
        default=True,
    ),
    _setting(
        "cdn_url",
        f"Host where check_write_key looks up the key: {CDN_URL} for Segment's own addresses, else "
        "none.",
        title="CDN URL",
    ),
    _setting(
        "preset",
        "Mappings for a known tap: freshchat, or none.",
        "freshchat",
        kind=_choice(*preset_names(), NONE),
    ),
    _setting(
        "streams",
        'Mapping by stream; overrides the preset key by key, and adds to its conditions. "*" is '
        "for all other streams.",
        {},
    ),
    _setting(
        "validate_records",
        "Make dead letters of records if a sent field does not match the tap's schema.",
        default=True,
    ),
    _setting(
        "unmapped_streams",
        "What to do with a stream that has no mapping.",
        "error",
        kind=_choice("error", "skip"),
    ),
    _setting(
        "event_style",
        "Names of the preset's events: camel_case (onMessageCreate), title_case (On Message "
        "Create), or live_chat (Segment's Live Chat spec).",
        DEFAULT_STYLE,
        kind=_choice(*STYLES),
    ),
    _setting(
        "event_names", "Events to send under another name: {onMessageCreate: Message Posted}.", {}
    ),
    _setting(
        "include_events",
        "Names of the events to send. If not set: all except the optional ones of the preset.",
        kind=_TEXTS,
    ),
    _setting(
        "drop_properties", "Dotted paths of properties and traits to remove from every event.", []
    ),
    _setting(
        "hash_properties", "Dotted paths of properties and traits to replace by their SHA-256.", []
    ),
    _setting(
        "hash_salt", "Text that is put before each value that hash_properties hashes.", secret=True
    ),
    _setting(
        "truncate_properties", "Dotted paths of texts to cut when an event is over 32 KB.", []
    ),
    _setting("context", "Object that is merged into the context of every event.", {}),
    _setting(
        "integrations",
        'Destinations on or off for every event: {"All": false, "Warehouse": true}.',
        {},
    ),
    _setting(
        "historical",
        "For a backfill: set context.active to false, so that users do not look active today. "
        "Use integrations to exclude live destinations.",
        default=False,
    ),
    _setting("max_concurrency", "Maximum number of requests in flight.", 4, kind=_integer(1, 64)),
    _setting(
        "max_events_per_second",
        "Rate limit. The default is the rate that Segment asks for; 0 is unlimited.",
        1000,
    ),
    _setting(
        "batch_max_events",
        "Maximum number of events in one request.",
        MAX_BODY_EVENTS,
        kind=_integer(1, MAX_BODY_EVENTS),
    ),
    # One event of the largest size must fit with its envelope. The default is a little below
    # Segment's 500,000, for proxies that count headers too.
    _setting(
        "batch_max_bytes",
        "Maximum size of one request, before compression.",
        480_000,
        kind=_integer(MAX_EVENT_BYTES + 1_000, MAX_BODY_BYTES),
    ),
    _setting(
        "request_timeout",
        "Seconds for one attempt, from the connection to the end of the response.",
        15,
        kind=_integer(1),
    ),
    _setting("max_retry_seconds", "How long to retry one request before the run fails.", 1800),
    _setting(
        "state_flush_seconds",
        "Send the events of a STATE that is older than this without waiting for a full request."
        " With 0, deliver them before the next message is read.",
        10,
    ),
    _setting(
        "dead_letter_path",
        "File of the events that could not be sent, with the reasons.",
        "dead_letters.jsonl",
    ),
    _setting("max_dead_letters", "Abort the run after this many dead letters.", 1000),
    _setting(
        "summary_path", "File to which the totals of the run are written as JSON. None if not set."
    ),
    _setting(
        "dry_run",
        "Send nothing; write the request bodies and a preview page to output_path.",
        default=False,
    ),
    _setting("output_path", "Directory for the files of a dry run.", "output"),
    additional_properties=False,
).to_dict()
