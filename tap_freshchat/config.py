"""Checked configuration of one run, in the units that the code uses."""

from __future__ import annotations

import dataclasses
import re
from datetime import datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tap_freshchat.errors import ConfigError
from tap_freshchat.metric_records import Metric
from tap_freshchat.reports import catalog
from tap_freshchat.times import parse_time
from tap_freshchat.windows import FRESHCHAT_EPOCH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# The sandbox has it too, as API_HOST: loading all of it for that would take time at every start.
SANDBOX_HOST = "sandbox.freshchat.com"
DEFAULT_HISTORY = timedelta(days=7)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one run, checked and in units the code uses."""

    base_url: str
    sandbox: str | None
    token: str | None
    start: datetime
    # Whether start_date was set; otherwise `start` is only the start of a first run.
    start_is_explicit: bool
    end: datetime | None
    activity_source: str
    user_scope: str
    enrich_conversations: bool
    exclude_pii: bool
    lookback: timedelta
    report_delay: timedelta
    report_window: timedelta | None
    report_jobs_per_minute: int
    report_timeout: timedelta
    report_columns: Mapping[str, Mapping[str, list[str]]]
    report_time_zone: tzinfo
    skip_reports: frozenset[str]
    rejected_rows_path: Path
    max_concurrency: int
    requests_per_minute: int | None = None
    request_timeout: int
    page_size: int
    shard_count: int
    shard_index: int
    historical_metrics: tuple[Metric, ...]
    instant_metrics: tuple[Metric, ...]
    metrics_interval: str

    @classmethod
    def from_config(cls, config: Mapping[str, Any], now: datetime) -> Config:
        """Check a config that has passed its schema; ConfigError names an unusable setting."""
        api_url = config.get("api_url") or ""
        sandbox = api_url if api_url.lower().startswith("sandbox:") else None
        # A token read from a file often ends with a line break.
        token = (config.get("api_token") or "").strip()
        if not (sandbox or token):
            raise ConfigError(
                "Setting api_token is missing. Copy the token from Freshchat's admin page "
                "(API settings), or set api_url to sandbox:// to try the tap without an account."
            )
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise ConfigError(
                "Setting api_token has characters that no token has. Copy it again from "
                "Freshchat's admin page (API settings)."
            )
        start = max(FRESHCHAT_EPOCH, _parse_datetime(config, "start_date") or now - DEFAULT_HISTORY)
        end = _parse_datetime(config, "end_date")
        if end is not None and end <= start:
            raise ConfigError(
                "Setting end_date must be later than start_date"
                + ("." if config.get("start_date") else ", which is 7 days back if not set.")
            )
        if config["shard_index"] >= config["shard_count"]:
            raise ConfigError("Setting shard_index counts from 0 and must be below shard_count.")
        _check_report_columns(config["report_columns"])
        window = config.get("report_window_days")
        values: dict[str, Any] = {
            **config,
            "base_url": f"https://{SANDBOX_HOST}/v2" if sandbox else normalise_api_url(api_url),
            "sandbox": sandbox,
            "token": token or None,
            "start": start,
            "start_is_explicit": config.get("start_date") is not None,
            "end": end,
            "lookback": timedelta(minutes=config["lookback_minutes"]),
            "report_delay": timedelta(minutes=config["report_delay_minutes"]),
            "report_window": None if window is None else timedelta(days=window),
            "report_timeout": timedelta(minutes=config["report_timeout_minutes"]),
            "report_time_zone": _parse_time_zone(config["report_time_zone"]),
            "skip_reports": _parse_reports(config, "skip_reports"),
            "rejected_rows_path": _parse_path(config, "rejected_rows_path"),
            "historical_metrics": _metrics(config, "historical_metrics"),
            "instant_metrics": _metrics(config, "instant_metrics"),
        }
        # The other fields are settings under their own names.
        names = (field.name for field in dataclasses.fields(cls))
        return cls(**{name: values[name] for name in names if name in values})


def _parse_path(config: Mapping[str, Any], name: str) -> Path:
    try:
        # No shell expands `~` in a file or a variable.
        return Path(config[name]).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"Setting {name}: the home directory of '~' is unknown. Write the whole path."
        ) from None


def unknown_settings(config: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    """A line for each unknown setting, which would otherwise be ignored silently."""
    for name in sorted(set(config) - set(known)):
        matches = get_close_matches(name, known, n=1)
        suggestion = f"; did you mean {matches[0]}?" if matches else ""
        yield f"{name}: unknown setting{suggestion}"


def normalise_api_url(api_url: str) -> str:
    """The API's base, `https://<host>/v2`, from any of the forms people paste.

    The token goes to this host and no other. Plain http is for a loopback host only. ConfigError
    if no host can be read from it, or it is not https.
    """
    text = api_url.strip().rstrip("/")
    try:
        if not text.isprintable() or " " in text:
            # `urlsplit` drops some of these characters and joins what is around them.
            raise ValueError("not a URL")  # noqa: TRY301 - the same error as urlsplit's
        url = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (url.hostname or "").lower(), url.port
    except ValueError:
        # Also unbalanced brackets or an invalid port.
        host, port = "", None
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+", host) or url.username:
        raise ConfigError(
            "Setting api_url is not a URL, a host or an account name. "
            "Copy it from Freshchat's admin page (API settings)."
        )
    loopback = host in {"localhost", "127.0.0.1", "::1"}
    if "." not in host and not loopback:
        host = f"{host}.freshchat.com"
    if url.scheme != "https" and not (url.scheme == "http" and loopback):
        raise ConfigError("Setting api_url must start with https://, to protect the token.")
    if url.path not in {"", "/v2"} or url.query or url.fragment:
        raise ConfigError("Setting api_url must end with the host or /v2.")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc = f"{netloc}:{port}"
    return f"{url.scheme}://{netloc}/v2"


def _parse_datetime(config: Mapping[str, Any], name: str) -> datetime | None:
    if config.get(name) is None:
        return None
    try:
        return parse_time(config[name])
    except ValueError:
        raise ConfigError(
            f"Setting {name} is not a date or time in ISO 8601, such as 2026-11-01 or "
            f"2026-11-01T10:00:00Z."
        ) from None


def _parse_time_zone(name: str) -> tzinfo:
    if name.upper() == "UTC":
        # Also on a machine without a time zone database.
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise ConfigError(
            "Setting report_time_zone is not the IANA name of a zone, such as America/New_York."
        ) from None


def _parse_reports(config: Mapping[str, Any], name: str) -> frozenset[str]:
    by_name = {report.lower(): report for report in catalog.REPORTS}
    requested = [str(report).strip().lower() for report in config.get(name) or ()]
    if unknown := sorted(set(requested) - set(by_name)):
        raise ConfigError(
            f"Setting {name} has unknown reports: {', '.join(unknown)}. Known reports: "
            f"{', '.join(catalog.REPORTS)}."
        )
    return frozenset(by_name[report] for report in requested)


def _check_report_columns(columns: Mapping[str, Any]) -> None:
    for stream, fields in columns.items():
        if not isinstance(fields, dict) or not all(
            isinstance(headers, list) and all(isinstance(header, str) for header in headers)
            for headers in fields.values()
        ):
            raise ConfigError(
                f"Setting report_columns.{stream} must have the form {{field: [header, …]}}."
            )


def _metrics(config: Mapping[str, Any], name: str) -> tuple[Metric, ...]:
    try:
        return tuple(dict.fromkeys(Metric.parse(text) for text in config.get(name) or ()))
    except ValueError as error:
        raise ConfigError(f"Setting {name}: {error}.") from None
