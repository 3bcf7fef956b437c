"""The knobs of the sandbox: what desk it plays, and which of the service's quirks it shows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEME = "sandbox"
MAX_CONVERSATIONS_PER_DAY = 1 << 22  # an identifier has 22 bits for the number within the day
_CHOICES = {"sparse_conversations": ("some", "all", "none"), "header_style": ("snake", "title")}
_MINIMUMS = {
    "conversations_per_day": 1,
    "requests_per_minute": 1,
    "report_jobs_per_minute": 1,
    "report_jobs_per_day": 1,
    "report_latency": 0,
    "link_lifetime": 0,
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that decides how a sandbox behaves; equal options, equal desk.

    Attributes:
        seed: Which desk; another seed is another account with other people and ids.
        opened: The UTC day the desk opened; nothing earlier exists.
        conversations_per_day: How many conversations begin on each UTC day.
        token: The bearer token that the API accepts.
        sparse_conversations: Whether `some` (a third), `all` or `none` of the conversations
            answer with five fields only.
        requests_per_minute: API calls allowed in one clock minute.
        report_jobs_per_minute: Report jobs allowed in any 60 seconds, per report.
        report_jobs_per_day: Report jobs allowed on one UTC day, per report.
        report_latency: Minutes until a row can be seen in reports.
        reopened_rows: Whether a reopen yields a row in Conversation-Created.
        unassigned_rows: Whether letting go of a conversation yields a row in
            Conversation-Agent-Assigned, without an agent.
        missing_created_rows: Share (0 to 1) of Conversation-Created rows that never appear.
        header_style: How CSV headers are spelt: `snake_case` or `Title Case` words.
        link_lifetime: Seconds a signed link to a report file lives.
        extract_available: Whether the account may have reports at all (else 403).
        stuck_jobs: Report jobs stay PENDING for ever.
        failed_jobs: Report jobs end as FAILED.
    """

    seed: int = 1
    opened: date = date(2025, 6, 1)
    conversations_per_day: int = 24
    token: str = "sandbox"  # noqa: S105 - the made-up token of a made-up account
    sparse_conversations: Literal["some", "all", "none"] = "some"
    requests_per_minute: int = 600
    report_jobs_per_minute: int = 1
    report_jobs_per_day: int = 120
    report_latency: float = 5.0
    reopened_rows: bool = True
    unassigned_rows: bool = False
    missing_created_rows: float = 0.0
    header_style: Literal["snake", "title"] = "snake"
    link_lifetime: float = 3600.0
    extract_available: bool = True
    stuck_jobs: bool = False
    failed_jobs: bool = False

    def __post_init__(self) -> None:
        """Refuse values that make no desk.

        Raises:
            ValueError: Naming the option and what it may be.
        """
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}")
        for name, minimum in _MINIMUMS.items():
            if not getattr(self, name) >= minimum:  # also refuses NaN
                raise ValueError(f"{name} must be at least {minimum}")
        if self.conversations_per_day > MAX_CONVERSATIONS_PER_DAY:
            raise ValueError(f"conversations_per_day must be at most {MAX_CONVERSATIONS_PER_DAY}")
        if not 0 <= self.missing_created_rows <= 1:
            raise ValueError("missing_created_rows must be between 0 and 1")
        if not self.token:
            raise ValueError("token must not be empty")

    @classmethod
    def from_url(cls, url: str) -> Options:
        """Read options from an address such as `sandbox://?seed=7&conversations_per_day=5`.

        Raises:
            ValueError: Naming the part, parameter or value that does not belong there.
        """
        parts = urlsplit(url)
        if parts.scheme != SCHEME:
            raise ValueError(f"not a {SCHEME}:// address: {url!r}")
        for label, part in (("host", parts.netloc), ("path", parts.path), ("#", parts.fragment)):
            if part:
                raise ValueError(f"a {SCHEME}:// address has no {label} part, but found {part!r}")
        found: dict[str, object] = {}
        for name, text in parse_qsl(parts.query, keep_blank_values=True):
            if name in found:
                raise ValueError(f"sandbox option {name!r} is given twice")
            found[name] = parse_option(name, text)
        return cls(**found)  # type: ignore[arg-type]  # each value was read by its field's type


def option_names() -> tuple[str, ...]:
    """Return the names of all options, in the order of declaration."""
    return tuple(field.name for field in fields(Options))


def parse_option(name: str, text: str) -> object:
    """Turn the text of one option into its value.

    Raises:
        ValueError: If there is no such option, or the text is no value of it.
    """
    kinds = {field.name: str(field.type) for field in fields(Options)}
    if name not in kinds:
        raise ValueError(f"unknown sandbox option {name!r}; known are {', '.join(kinds)}")
    try:
        return _PARSERS.get(kinds[name], str)(text)
    except ValueError:
        raise ValueError(f"sandbox option {name!r} cannot be {text!r}") from None


def _parse_bool(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


_PARSERS: dict[str, Callable[[str], object]] = {
    "int": int,
    "float": float,
    "bool": _parse_bool,
    "date": date.fromisoformat,
}
