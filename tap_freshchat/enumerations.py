"""Tables of Freshchat's enumerations, one for each field, and the log of values they lack.

Freshchat writes the same value in several ways (`PRIVATE_NOTE`, `Private note`), so that values
are compared without case, spaces, hyphens and underscores. A value that no table has is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_freshchat.set_aside import SetAside

NORMAL, PRIVATE, SYSTEM = "normal", "private", "system"

_SEPARATORS = re.compile(r"[\s_-]+")
# What an enumeration value looks like; anything else may be what a customer wrote.
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_. -]{0,39}", re.ASCII)
# Values of one field that are logged one by one; a column of free text has no end of them.
MAX_LOGGED_VALUES = 10


@dataclass(frozen=True)
class Enumeration:
    """Values of one field: `values` maps each form to its value."""

    name: str
    values: Mapping[str, str]

    def find(self, value: object) -> str | None:
        """The known value of a raw one; None for blank and unknown values."""
        # Most values are written as the table has them, and every row has several.
        known = self.values.get(value) if isinstance(value, str) else None
        return known or self.values.get(comparable(value))

    def read(self, value: object) -> str | None:
        """The known value, or the raw one as text if it is unknown; None for a blank one."""
        return self.find(value) or (str(value or "").strip() or None)

    def is_unknown(self, value: object) -> bool:
        """Whether a value is neither blank nor known."""
        return self.find(value) is None and bool(comparable(value))


def comparable(value: object) -> str:
    """A raw value in lower case without spaces, hyphens and underscores; empty if it is None."""
    return "" if value is None else _SEPARATORS.sub("", str(value)).lower()


# Kinds of message parts (REST and transcripts): a message type column that holds one has no type.
PART_KINDS = frozenset(
    {
        *("text", "image", "video", "audio", "voice", "file", "email", "link", "buttons"),
        *("carousel", "collection", "callback", "reference", "location", "attachment"),
        *("urlbutton", "quickreplybutton", "templatecontent", "imageonly", "sticker", "html"),
    }
)
# REST documents the three; the other forms are those of `detailed_message_type`.
MESSAGE_TYPE = Enumeration(
    "message_type",
    {
        "normal": NORMAL,
        "private": PRIVATE,
        "system": SYSTEM,
        "privatenote": PRIVATE,
        "note": PRIVATE,
        "normalmessage": NORMAL,
        "privatemessage": PRIVATE,
        "systemmessage": SYSTEM,
    },
)
# One live export (docs/assumptions.md).
DETAILED_MESSAGE_TYPE = Enumeration(
    "detailed_message_type",
    {
        **MESSAGE_TYPE.values,
        "awaymessage": NORMAL,
        "offlinemessage": NORMAL,
        "freshdeskticketcreatemessage": SYSTEM,
        "statuschangeassigned": SYSTEM,
        "statuschangeresolved": SYSTEM,
        "statuschangereopened": SYSTEM,
    },
)
ACTOR_TYPE = Enumeration(
    "actor_type", {name: name for name in ("user", "agent", "bot", "system")} | {"customer": "user"}
)
CONVERSATION_STATUS = Enumeration(
    "status", {name: name for name in ("new", "assigned", "resolved", "reopened")}
)
# What the two agent reports may call the two states; also seen as names of custom statuses (a live
# account's IntelliAssign texts). Any other text is a custom status.
AGENT_STATUS = Enumeration(
    "agent status",
    {
        **dict.fromkeys(
            (
                *("available", "on", "online", "true", "1", "enabled"),
                *("active", "activeonintelliassign"),
            ),
            "AVAILABLE",
        ),
        **dict.fromkeys(
            (
                *("unavailable", "off", "offline", "false", "0", "disabled"),
                *("inactive", "inactiveonintelliassign"),
            ),
            "UNAVAILABLE",
        ),
    },
)
REOPENED = Enumeration(
    "reopened",
    {
        **dict.fromkeys(("true", "1", "1.0", "yes", "y", "t"), "true"),
        **dict.fromkeys(("false", "0", "0.0", "no", "n", "f"), "false"),
    },
)


def read_flag(value: object) -> bool | None:
    """Whether an untrusted flag is set; None for blank and unknown values."""
    found = REOPENED.find(value)
    return None if found is None else found == "true"


@dataclass
class UnknownValues:
    """Counter of unknown values of one run: each is counted, and logged once with its value."""

    set_aside: SetAside
    _logged: dict[str, set[str]] = field(default_factory=dict, init=False)

    def check(self, enumeration: Enumeration, value: object) -> None:
        """Count a value that the enumeration lacks; nothing for blank and known values."""
        if enumeration.is_unknown(value):
            self.add(enumeration.name, str(value).strip())

    def add(self, name: str, value: str) -> None:
        """Count an unknown value of a field."""
        shown = f'"{value}"' if _IDENTIFIER.fullmatch(value) else "a text that is not shown"
        logged = self._logged.setdefault(name, set())
        if shown not in logged:
            if len(logged) >= MAX_LOGGED_VALUES:
                shown = "further values"
            logged.add(shown)
        self.set_aside.item(
            f"unknown values of {name} ({shown})",
            f"Freshchat returned a {name} that this tap does not know: {shown}. It is kept as it "
            f"is. Report it as an issue of tap-freshchat.",
        )
