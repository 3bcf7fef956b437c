"""JSON Schema of the tap's settings: names, types, defaults and descriptions."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from tap_freshchat.metric_records import HISTORICAL, INSTANT, INTERVALS

# Longer than Freshchat keeps anything; a longer value is a typo.
MAX_DAYS = 3650
_MINUTES = th.IntegerType(minimum=0, maximum=MAX_DAYS * 24 * 60)
_COUNT = th.IntegerType(minimum=1)


def _setting(name: str, kind: Any, description: str, **options: Any) -> th.Property[Any]:
    title = options.pop("title", name.replace("_", " ").capitalize())
    return th.Property(name, kind, title=title, description=description, **options)


SETTINGS = th.PropertiesList(
    _setting(
        "api_url",
        th.StringType(nullable=False),
        "URL of the Freshchat API, as the admin page shows it: a full URL with or without `/v2`, a "
        "host, or an account name. `sandbox://` selects the built-in simulation, which needs no "
        "account and no network.",
        required=True,
        title="API URL",
    ),
    _setting(
        "api_token",
        th.StringType,
        "Bearer token from the admin page. Required unless `api_url` is `sandbox://`.",
        secret=True,
        title="API token",
    ),
    _setting(
        "start_date",
        th.DateTimeType,
        "Start of the period to read, inclusive, in ISO 8601 (under Meltano also `30 days ago`). "
        "If not set, the first run starts 7 days back. The tap never reads anything older, so use "
        "a fixed date, or none, for scheduled runs. Reports are kept for 15 months; for an older "
        "date, the tap starts there and logs a warning.",
    ),
    _setting(
        "end_date", th.DateTimeType, "End of the period to read, exclusive, for a bounded backfill."
    ),
    _setting(
        "activity_source",
        th.StringType(allowed_values=["reports", "rest", "auto"]),
        "Source of messages, conversation events and agent activity. `reports`: raw reports, which "
        "are exact. `rest`: the conversations and messages of changed users, and changes of agent "
        "status between two runs. `auto`: reports; falls back to `rest`, with a warning, if the "
        "account has never had access to reports.",
        default="auto",
    ),
    _setting(
        "user_scope",
        th.StringType(allowed_values=["updated", "all"]),
        "Users to read with `rest`: those changed since the bookmark (`updated`), or all of them "
        "(`all`), because a new message does not always change the record of its user.",
        default="updated",
    ),
    _setting(
        "enrich_conversations",
        th.BooleanType,
        "Add the current record of the conversation to each event. Costs one request for each "
        "changed conversation.",
        default=True,
    ),
    _setting(
        "exclude_pii",
        th.BooleanType,
        "Request reports without personal data, and redact names, e-mail addresses, phone numbers, "
        "message text, custom properties and any other possible PII in every stream.",
        default=False,
        title="Exclude personal data",
    ),
    _setting(
        "lookback_minutes",
        _MINUTES,
        "Minutes before the bookmark that each run reads again, for late rows. Only new records "
        "are emitted.",
        default=60,
    ),
    _setting(
        "report_delay_minutes",
        _MINUTES,
        "Reports are read up to this many minutes before now.",
        default=15,
    ),
    _setting(
        "report_window_days",
        th.IntegerType(minimum=1, maximum=MAX_DAYS),
        "Longest period of one report job, in days. If not set: 28, and 1 for transcripts. The tap "
        "halves a window that Freshchat rejects as too long.",
    ),
    _setting(
        "report_jobs_per_minute",
        _COUNT,
        "Report jobs to submit per minute, for each report type.",
        default=1,
    ),
    _setting(
        "report_timeout_minutes",
        th.IntegerType(minimum=1, maximum=MAX_DAYS * 24 * 60),
        "Minutes after which a pending report job is an error. The bookmark does not move.",
        default=30,
    ),
    _setting(
        "report_columns",
        th.ObjectType(additional_properties=True),
        "Additional names of report columns, for accounts with other headers: "
        "`{stream: {field: [header, …]}}`.",
        default={},
    ),
    _setting(
        "report_time_zone",
        th.StringType,
        "IANA name of the zone in which reports write times that have no offset, such as "
        "`America/New_York`.",
        default="UTC",
    ),
    _setting(
        "skip_reports",
        th.ArrayType(th.StringType),
        "Report types not to request, such as `Agent-Intelliassign-Activity`. Their events are "
        "left out.",
        default=[],
    ),
    _setting(
        "rejected_rows_path",
        th.StringType,
        "File to which report rows that cannot be used are appended, as JSON lines with report, "
        "window, line and reason. Only its owner can read it.",
        default="rejected_rows.jsonl",
    ),
    _setting(
        "max_concurrency",
        _COUNT,
        "Maximum number of requests in flight in the whole run.",
        default=4,
    ),
    _setting(
        "requests_per_minute",
        _COUNT,
        "Client-side rate limit, in requests per minute. Unlimited if not set.",
    ),
    _setting(
        "request_timeout",
        _COUNT,
        "Seconds for a whole response. A long body has more time, at 64 kB a second.",
        default=60,
    ),
    _setting(
        "page_size",
        th.IntegerType(minimum=1, maximum=50),
        "Items per page of a list (`items_per_page`). Freshchat allows up to 50.",
        default=50,
    ),
    _setting(
        "shard_count",
        _COUNT,
        "Number of runs that share the work. Each run reads the conversations and agents whose id "
        "belongs to its shard, and needs its own state.",
        default=1,
    ),
    _setting(
        "shard_index", th.IntegerType(minimum=0), "Number of this run's shard, from 0.", default=0
    ),
    _setting(
        "historical_metrics",
        th.ArrayType(th.StringType),
        "Metrics of the stream `historical_metrics`, with query parameters if needed, such as "
        "`team_performance.response_time?aggregator=median&group_by=group`.",
        default=list(HISTORICAL),
    ),
    _setting(
        "instant_metrics",
        th.ArrayType(th.StringType),
        "Metrics of the stream `instant_metrics`, with query parameters if needed.",
        default=list(INSTANT),
    ),
    _setting(
        "metrics_interval",
        th.StringType(allowed_values=list(INTERVALS)),
        "Length of the intervals of `historical_metrics`. They start at 0:00 UTC.",
        default="1d",
    ),
)
