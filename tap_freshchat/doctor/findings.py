"""Findings of the doctor: lines for a person, and values for a bug report. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OK, NOTE, PROBLEM = "ok", "note", "PROBLEM"
# Ids in the paths of requests, which error messages quote.
_ID_IN_PATH = re.compile(r"/(users|conversations)/(?!fetch\b|fields\b)[^/\s]+")


@dataclass(frozen=True)
class Setting:
    """A setting to change: its new value, and why."""

    name: str
    value: Any
    reason: str


@dataclass(frozen=True)
class Finding:
    """What was examined, the result and, if there is one, the setting to change.

    A `PROBLEM` means that a run with the present settings misses events or stops.
    """

    topic: str
    result: str
    text: str
    setting: Setting | None = None


@dataclass
class Findings:
    """All findings in order. `details` holds what only the file has; no personal data."""

    found: list[Finding] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def add(self, topic: str, result: str, text: str, setting: Setting | None = None) -> None:
        """Add a finding, without the ids of people and conversations that its text quotes."""
        plain = _ID_IN_PATH.sub(r"/\1/…", " ".join(text.split()))
        self.found.append(Finding(topic, result, plain, setting))

    @property
    def misses_events(self) -> bool:
        """Whether a run with the present settings misses events or stops."""
        return any(each.result == PROBLEM for each in self.found)

    @property
    def settings(self) -> list[Setting]:
        """The settings to change, each once with all of its values and reasons."""
        merged: dict[str, Setting] = {}
        for each in self.found:
            if (new := each.setting) is None:
                continue
            if old := merged.get(new.name):
                reasons = dict.fromkeys((*old.reason.split("; "), new.reason))
                new = Setting(new.name, _merge(old.value, new.value), "; ".join(reasons))
            merged[new.name] = new
        return list(merged.values())

    def lines(self) -> Iterator[str]:
        """The findings, and the settings to change at the end."""
        width = max((len(each.topic) for each in self.found), default=0)
        for each in self.found:
            yield f"{each.topic:<{width}}  {each.result:<7}  {each.text}"
        yield ""
        if self.settings:
            yield "Settings to change:"
        for setting in self.settings:
            is_text = isinstance(setting.value, str)
            value = setting.value if is_text else json.dumps(setting.value)
            yield f"  {setting.name}: {value}"
            yield f"      {setting.reason}"
        if self.misses_events:
            count = Counter(each.result for each in self.found)[PROBLEM]
            yield f"With the present settings, a run would miss events or stop: {count} problem(s)."
        else:
            yield "With the present settings, the doctor sees no events that a run would miss."

    def to_dict(self) -> dict[str, Any]:
        """The findings as JSON values."""
        return {
            "findings": [asdict(each) for each in self.found],
            "settings_to_change": [asdict(each) for each in self.settings],
            "misses_events": self.misses_events,
            **self.details,
        }


def _merge(old: Any, new: Any) -> Any:
    """Both values of one setting: lists and objects are joined, else the first counts."""
    if isinstance(old, list) and isinstance(new, list):
        return sorted({*old, *new})
    if isinstance(old, dict) and isinstance(new, dict):
        joined = {**old, **new}
        return {
            key: _merge(old[key], new[key]) if key in old and key in new else value
            for key, value in joined.items()
        }
    return old
