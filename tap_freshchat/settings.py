"""The tap's settings: their schema, once, and their checked form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_freshchat.errors import SettingError
from tap_freshchat.metrics import HISTORICAL, INSTANT, INTERVALS, Metric
from tap_freshchat.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

SANDBOX_SCHEME = "sandbox"
SANDBOX_HOST = "sandbox.freshchat.com"
# Freshworks' reports reach back 15 months (Reports API PDF); a day less keeps clear of the edge.
REPORT_HISTORY = timedelta(days=456)
DEFAULT_HISTORY = timedelta(days=7)
ACTIVITY_SOURCES = ("reports", "rest", "auto")
USER_SCOPES = ("updated", "all")

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
            "First moment wanted, inclusive; 7 days back when absent. Reports reach back "
            "15 months: an older date is cut to that with a warning."
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
            "warning where the account cannot have them."
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
            "Ask reports without personal data, and blank names, e-mails, phones and message "
            "text in every stream."
        ),
    ),
    th.Property(
        "lookback_minutes",
        th.IntegerType(minimum=0),
        default=60,
        title="Look-back",
        description="Overlap read again on each run, in minutes. Only what is new is emitted.",
    ),
    th.Property(
        "report_delay_minutes",
        th.IntegerType(minimum=0),
        default=15,
        title="Report delay",
        description="Reports are read up to now minus this, in minutes.",
    ),
    th.Property(
        "report_window_days",
        th.IntegerType(minimum=1),
        title="Report window",
        description=(
            "Longest window asked of one report job, in days: 28 when absent, 1 for transcripts. "
            "Halved when the service complains of the range."
        ),
    ),
    th.Property(
        "report_jobs_per_minute",
        th.NumberType(exclusive_minimum=0),
        default=1,
        title="Report jobs per minute",
        description="Report jobs submitted a minute, for each type of report.",
    ),
    th.Property(
        "report_timeout_minutes",
        th.IntegerType(minimum=1),
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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one run, checked and in units the code uses."""

    base_url: str
    sandbox: str | None
    token: str | None
    start: datetime
    end: datetime | None
    activity_source: str
    user_scope: str
    enrich_conversations: bool
    exclude_pii: bool
    lookback: timedelta
    report_delay: timedelta
    report_window: timedelta | None
    report_jobs_per_minute: float
    report_timeout: timedelta
    report_columns: Mapping[str, Mapping[str, list[str]]]
    max_concurrency: int
    requests_per_minute: int | None
    request_timeout: int
    page_size: int
    shard_count: int
    shard_index: int
    historical_metrics: tuple[Metric, ...]
    instant_metrics: tuple[Metric, ...]
    metrics_interval: str
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_config(cls, config: Mapping[str, Any], now: datetime) -> Settings:
        """Check a config that has passed its schema.

        Raises:
            SettingError: a value cannot be used; the text names the setting.
        """
        warnings = []
        api_url = config.get("api_url") or ""
        sandbox = api_url if urlsplit(api_url).scheme == SANDBOX_SCHEME else None
        if not (sandbox or config.get("api_token")):
            raise SettingError(
                "Setting api_token is missing: copy the token from Freshchat's admin page "
                "(API settings), or set api_url to sandbox:// to try without an account."
            )
        start = _moment(config, "start_date") or now - DEFAULT_HISTORY
        if start < now - REPORT_HISTORY:
            start = now - REPORT_HISTORY
            warnings.append(
                f"start_date is older than the 15 months that Freshchat's reports keep; "
                f"starting at {start:%Y-%m-%d %H:%M} UTC."
            )
        end = _moment(config, "end_date")
        if end is not None and end <= start:
            raise SettingError("Setting end_date must be later than start_date.")
        if config["shard_index"] >= config["shard_count"]:
            raise SettingError("Setting shard_index counts from 0 and must be below shard_count.")
        window = config.get("report_window_days")
        return cls(
            base_url=f"https://{SANDBOX_HOST}/v2" if sandbox else normalise_api_url(api_url),
            sandbox=sandbox,
            token=config.get("api_token"),
            start=start,
            end=end,
            activity_source=config["activity_source"],
            user_scope=config["user_scope"],
            enrich_conversations=config["enrich_conversations"],
            exclude_pii=config["exclude_pii"],
            lookback=timedelta(minutes=config["lookback_minutes"]),
            report_delay=timedelta(minutes=config["report_delay_minutes"]),
            report_window=None if window is None else timedelta(days=window),
            report_jobs_per_minute=config["report_jobs_per_minute"],
            report_timeout=timedelta(minutes=config["report_timeout_minutes"]),
            report_columns=_report_columns(config["report_columns"]),
            max_concurrency=config["max_concurrency"],
            requests_per_minute=config.get("requests_per_minute"),
            request_timeout=config["request_timeout"],
            page_size=config["page_size"],
            shard_count=config["shard_count"],
            shard_index=config["shard_index"],
            historical_metrics=_metrics(config, "historical_metrics"),
            instant_metrics=_metrics(config, "instant_metrics"),
            metrics_interval=config["metrics_interval"],
            warnings=tuple(warnings),
        )


def normalise_api_url(api_url: str) -> str:
    """The API's base, `https://<host>/v2`, from any of the forms people paste.

    The token goes to this host and no other. Plain http is for a loopback host only.

    Raises:
        SettingError: no host can be read from it, or it is not https.
    """
    text = api_url.strip().rstrip("/")
    url = urlsplit(text if "://" in text else f"https://{text}")
    host = (url.hostname or "").lower()
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+", host) or url.username:
        raise SettingError(
            "Setting api_url is not a URL, a host or an account name; "
            "copy it from Freshchat's admin page (API settings)."
        )
    loopback = host in {"localhost", "127.0.0.1", "::1"}
    if "." not in host and not loopback:
        host = f"{host}.freshchat.com"
    if url.scheme != "https" and not (url.scheme == "http" and loopback):
        raise SettingError("Setting api_url must begin with https://, so that the token is safe.")
    if url.path not in {"", "/v2"} or url.query or url.fragment:
        raise SettingError("Setting api_url must end with the host or with /v2.")
    netloc = f"[{host}]" if ":" in host else host
    if url.port is not None:
        netloc = f"{netloc}:{url.port}"
    return f"{url.scheme}://{netloc}/v2"


def _moment(config: Mapping[str, Any], name: str) -> datetime | None:
    if config.get(name) is None:
        return None
    try:
        return parse_time(config[name])
    except ValueError as error:
        raise SettingError(f"Setting {name} is {error}.") from None


def _report_columns(value: Any) -> Mapping[str, Mapping[str, list[str]]]:
    for stream, fields in value.items():
        if not isinstance(fields, dict) or not all(
            isinstance(headers, list) and all(isinstance(header, str) for header in headers)
            for headers in fields.values()
        ):
            raise SettingError(
                f"Setting report_columns.{stream} must have the form {{field: [header, …]}}."
            )
    return value  # type: ignore[no-any-return]


def _metrics(config: Mapping[str, Any], name: str) -> tuple[Metric, ...]:
    try:
        return tuple(dict.fromkeys(Metric.of(text) for text in config.get(name) or ()))
    except ValueError as error:
        raise SettingError(f"Setting {name}: {error}.") from None
