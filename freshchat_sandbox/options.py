"""Options of the sandbox: what the account contains and how the service behaves."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, urlsplit

from freshchat_sandbox.readings import Readings, values_by_belief

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEME = "sandbox"
MAX_CONVERSATIONS_PER_DAY = 1 << 22  # an identifier has 22 bits for the number within the day
_MINIMUMS = {
    "conversations_per_day": 1,
    "requests_per_minute": 1,
    "report_jobs_per_minute": 1,
    "report_jobs_per_day": 1,
    "report_latency": 0,
    "max_row_delay": 0,
    "link_lifetime": 0,
}


@dataclass(frozen=True, kw_only=True)
class Options(Readings):
    """All options of a sandbox, readings included; equal options give the same account.

    Raises:
        ValueError: A value is not allowed; the message names the option and what is allowed.
    """

    seed: Annotated[int, "seed of the account; another seed has other people and ids"] = 1
    opened: Annotated[date, "UTC day the account opened; nothing exists before it"] = date(
        2025, 6, 1
    )
    conversations_per_day: Annotated[int, "conversations that start on each UTC day"] = 24
    token: Annotated[str, "bearer token that the API accepts"] = "sandbox"  # noqa: S105 - not secret
    requests_per_minute: Annotated[int, "API calls allowed in a clock minute"] = 600
    report_jobs_per_minute: Annotated[
        int, "report jobs allowed in any 60 seconds, for each report type"
    ] = 1
    report_jobs_per_day: Annotated[
        int, "report jobs allowed on a UTC day, for each report type"
    ] = 120
    report_latency: Annotated[float, "minutes until a row appears in reports"] = 5.0
    max_row_delay: Annotated[
        float, "minutes by which half of the rows appear later still, at most; each its own"
    ] = 0.0
    missing_created_rows: Annotated[
        float, "share (0 to 1) of Conversation-Created rows that never appear"
    ] = 0.0
    link_lifetime: Annotated[float, "seconds until a signed link to a report file expires"] = 3600.0
    extract_available: Annotated[bool, "whether the account has reports (otherwise 403)"] = True
    stuck_jobs: Annotated[bool, "whether report jobs stay PENDING indefinitely"] = False
    failed_jobs: Annotated[bool, "whether report jobs end as FAILED"] = False

    def __post_init__(self) -> None:
        """Check the values."""
        for name, values in values_by_belief().items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} must be one of {', '.join(map(_format, values))}")
        for name, minimum in _MINIMUMS.items():
            if not getattr(self, name) >= minimum:  # also rejects NaN
                raise ValueError(f"{name} must be at least {minimum}")
        if self.conversations_per_day > MAX_CONVERSATIONS_PER_DAY:
            raise ValueError(f"conversations_per_day must be at most {MAX_CONVERSATIONS_PER_DAY}")
        if not 0 <= self.missing_created_rows <= 1:
            raise ValueError("missing_created_rows must be between 0 and 1")
        if not self.token:
            raise ValueError("token must not be empty")

    @classmethod
    def from_url(cls, url: str) -> Options:
        """Parse options from a URL such as `sandbox://?seed=7&conversations_per_day=5`.

        Raises:
            ValueError: The message names the invalid part, parameter or value.
        """
        parts = urlsplit(url)
        if parts.scheme != SCHEME:
            raise ValueError(f"not a {SCHEME}:// URL: {url!r}")
        for label, part in (("host", parts.netloc), ("path", parts.path), ("#", parts.fragment)):
            if part:
                raise ValueError(f"a {SCHEME}:// URL must not have a {label} part: {part!r}")
        texts: dict[str, str] = {}
        for name, text in parse_qsl(parts.query, keep_blank_values=True):
            if name in texts:
                raise ValueError(f"duplicate sandbox option {name!r}")
            texts[name] = text
        return cls.from_texts(texts)

    @classmethod
    def from_texts(cls, texts: dict[str, str]) -> Options:
        """Parse options from strings by name.

        Raises:
            ValueError: The message names the unknown option or the invalid value.
        """
        values: dict[str, Any] = {name: _parse(name, text) for name, text in texts.items()}
        return cls(**values)


def describe_options() -> dict[str, str]:
    """Return a description of each option, with its values and default, by name."""
    hints = get_type_hints(Options, include_extras=True)
    choices = values_by_belief()
    descriptions: dict[str, str] = {}
    for field in fields(Options):
        _, description = get_args(hints[field.name])
        values = ", ".join(map(_format, choices.get(field.name, ())))
        default = f"default: {_format(field.default)}"
        note = f"{values}; {default}" if values else default
        descriptions[field.name] = f"{description} ({note})"
    return descriptions


def _parse(name: str, text: str) -> object:
    hints = get_type_hints(Options)
    if name not in hints:
        raise ValueError(f"unknown sandbox option {name!r}; known options: {', '.join(hints)}")
    try:
        # The values of a Literal are strings, checked with the other values.
        return text if get_origin(hints[name]) else _PARSERS[hints[name]](text)
    except ValueError:
        raise ValueError(f"invalid value {text!r} of sandbox option {name!r}") from None


def _format(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse_bool(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


_PARSERS: dict[object, Callable[[str], object]] = {
    int: int,
    float: float,
    str: str,
    bool: _parse_bool,
    date: date.fromisoformat,
}
