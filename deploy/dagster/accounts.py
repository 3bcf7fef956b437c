"""File of accounts: names, plugins, limits and the windows of their history; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

WINDOWS = ("month", "week", "day")
# Freshchat accepts one job a minute for each report type (docs/assumptions.md).
REPORT_JOBS_PER_MINUTE = 1


class AccountsError(ValueError):
    """The file of accounts is invalid; the message says where and why."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """One Freshchat account.

    Attributes:
        name: In asset keys, partition keys, pools and state ids.
        tap: The extractor in meltano.yml that has its address and token.
        target: The loader in meltano.yml that its events go to.
        start: The first day of its history.
        requests_per_minute: The limit that all runs of the account share.
        report_jobs_per_minute: The same for the jobs of each report type.
    """

    name: str
    tap: str
    target: str
    start: date
    requests_per_minute: int
    report_jobs_per_minute: int = REPORT_JOBS_PER_MINUTE

    @property
    def pool(self) -> str:
        """The concurrency pool whose slots the account's runs share."""
        return f"freshchat_{self.name}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All accounts, and the length of the windows of their history."""

    window: str
    accounts: tuple[Account, ...]


def read_plan(text: str) -> Plan:
    """Read the file of accounts.

    Raises:
        AccountsError: it does not have the form that docs/scale-out.md describes.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise AccountsError(f"The file of accounts is not YAML: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("accounts"), dict):
        raise AccountsError("The file of accounts must have `window` and, by name, `accounts`.")
    window = found.get("window", WINDOWS[0])
    if window not in WINDOWS:
        raise AccountsError(f"window must be one of {', '.join(WINDOWS)}, not {window!r}.")
    unknown = set(found) - {"window", "accounts"}
    if unknown:
        raise AccountsError(f"Unknown in the file of accounts: {', '.join(sorted(unknown))}.")
    accounts = (_account(str(name), entry) for name, entry in found["accounts"].items())
    return Plan(window=window, accounts=tuple(accounts))


def _account(name: str, entry: Any) -> Account:
    # Asset keys and pools allow only these characters.
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise AccountsError(
            f"Account {name!r}: a name has lower-case characters, digits and _ only."
        )
    kinds = {
        "tap": str,
        "target": str,
        "start": date,
        "requests_per_minute": int,
        "report_jobs_per_minute": int,
    }
    entry = entry if isinstance(entry, dict) else {}
    for key, value in entry.items():
        if key not in kinds:
            raise AccountsError(f"Account {name}: {key} is unknown; known are {', '.join(kinds)}.")
        # In Python a bool is an int, and a datetime is a date.
        if type(value) is not kinds[key] or (isinstance(value, int) and value < 1):
            what = {str: "a text", date: "a day, as 2026-01-31", int: "a whole number from 1"}
            raise AccountsError(f"Account {name}: {key} must be {what[kinds[key]]}.")
    missing = [key for key in kinds if key not in entry and key != "report_jobs_per_minute"]
    if missing:
        raise AccountsError(f"Account {name} lacks {', '.join(missing)}.")
    return Account(name=name, **entry)
