"""JSON Schema of the tap's settings: names, types, defaults and descriptions."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_freshchat.metric_records import HISTORICAL, INSTANT, INTERVALS

ACTIVITY_SOURCES = ("reports", "rest", "auto")
USER_SCOPES = ("updated", "all")
# Longer than anything is kept, in reports or elsewhere; a longer one is a typo.
MAX_DAYS = 3650
MAX_MINUTES = MAX_DAYS * 24 * 60

SETTINGS = th.PropertiesList(
    th.Property(
        "api_url",
        th.StringType(nullable=False),
        required=True,
        title="API URL",
        description=(
            "Freshchat's API as the admin page shows it: a full URL with or without `/v2`, a bare "
            "host, or an account name. `sandbox://` is the embedded Freshchat: no account, no "
            "network."
        ),
    ),
    th.Property(
        "api_token",
        th.StringType,
        secret=True,
        title="API token",
        description="Bearer token from the admin page. Required but for the sandbox.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "First moment wanted, inclusive, in ISO 8601 (under Meltano also `30 days ago`). When "
            "absent, a first run begins 7 days back. Nothing before it is read, so give scheduled "
            "runs a fixed date or none. Reports reach back 15 months: an older date is cut to that "
            "with a warning."
        ),
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description="First moment no longer wanted; makes a bounded back-fill.",
    ),
    th.Property(
        "activity_source",
        th.StringType(allowed_values=list(ACTIVITY_SOURCES)),
        default="auto",
        title="Activity source",
        description=(
            "Where messages, conversation events and agent activity come from. `reports`: raw "
            "reports, the exact log. `rest`: conversations and messages of users who changed, and "
            "differences of agents' statuses between runs. `auto`: reports, and `rest` with one "
            "warning where the account cannot have them and never had."
        ),
    ),
    th.Property(
        "user_scope",
        th.StringType(allowed_values=list(USER_SCOPES)),
        default="updated",
        title="User scope",
        description=(
            "For `rest`: walk the users changed since the bookmark (`updated`), or `all` of them, "
            "because a user's record need not change when they write."
        ),
    ),
    th.Property(
        "enrich_conversations",
        th.BooleanType,
        default=True,
        title="Enrich conversations",
        description=(
            "Attach the conversation's current snapshot to its events: one request for each "
            "conversation that moved."
        ),
    ),
    th.Property(
        "exclude_pii",
        th.BooleanType,
        default=False,
        title="Exclude personal data",
        description=(
            "Ask reports without personal data, and blank names, e-mails, phones, message text, "
            "custom properties and all else that may be of a person, in every stream."
        ),
    ),
    th.Property(
        "lookback_minutes",
        th.IntegerType(minimum=0, maximum=MAX_MINUTES),
        default=60,
        title="Look-back",
        description="Overlap read again on each run, in minutes. Only what is new is emitted.",
    ),
    th.Property(
        "report_delay_minutes",
        th.IntegerType(minimum=0, maximum=MAX_MINUTES),
        default=15,
        title="Report delay",
        description="Reports are read up to now minus this, in minutes.",
    ),
    th.Property(
        "report_window_days",
        th.IntegerType(minimum=1, maximum=MAX_DAYS),
        title="Report window",
        description=(
            "Longest window asked of one report job, in days: 28 when absent, 1 for transcripts. "
            "Halved when the service complains of the range."
        ),
    ),
    th.Property(
        "report_jobs_per_minute",
        th.IntegerType(minimum=1),
        default=1,
        title="Report jobs per minute",
        description="Report jobs submitted a minute, for each type of report.",
    ),
    th.Property(
        "report_timeout_minutes",
        th.IntegerType(minimum=1, maximum=MAX_MINUTES),
        default=30,
        title="Report time-out",
        description=(
            "A report job pending longer than this, in minutes, is an error; the bookmark has "
            "not moved."
        ),
    ),
    th.Property(
        "report_columns",
        th.ObjectType(additional_properties=True),
        default={},
        title="Report columns",
        description=(
            "Extra names of report columns, for accounts whose headers differ: "
            "`{stream: {field: [header, …]}}`."
        ),
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1),
        default=4,
        title="Concurrency",
        description="REST requests in flight at once.",
    ),
    th.Property(
        "requests_per_minute",
        th.IntegerType(minimum=1),
        title="Requests per minute",
        description="Own ceiling below the account's; none when absent.",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1),
        default=60,
        title="Request time-out",
        description="How long to wait for the service to answer, in seconds.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=50),
        default=50,
        title="Page size",
        description="`items_per_page` of lists; the service allows 50.",
    ),
    th.Property(
        "shard_count",
        th.IntegerType(minimum=1),
        default=1,
        title="Shards",
        description=(
            "How many runs share the work. Each takes the conversations, and agents, whose id "
            "falls to its shard, and needs a state of its own."
        ),
    ),
    th.Property(
        "shard_index",
        th.IntegerType(minimum=0),
        default=0,
        title="Shard",
        description="Which of them this run is, from 0.",
    ),
    th.Property(
        "historical_metrics",
        th.ArrayType(th.StringType),
        default=list(HISTORICAL),
        title="Historical metrics",
        description=(
            "What the stream `historical_metrics` reads: names of metrics, each with query "
            "parameters of its own if need be, as "
            "`team_performance.response_time?aggregator=median&group_by=group`."
        ),
    ),
    th.Property(
        "instant_metrics",
        th.ArrayType(th.StringType),
        default=list(INSTANT),
        title="Instant metrics",
        description=(
            "What the stream `instant_metrics` reads: names of metrics, with query parameters "
            "likewise."
        ),
    ),
    th.Property(
        "metrics_interval",
        th.StringType(allowed_values=list(INTERVALS)),
        default="1d",
        title="Metrics interval",
        description="Length of the intervals of `historical_metrics`, which begin at 0:00 UTC.",
    ),
)
