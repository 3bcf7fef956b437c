"""A conversation with its messages, as the service told them at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.activity.dialogue import Dialogue


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A conversation as the service tells it now; `conversation` is empty when it is gone.

    `dialogue` is its messages, as far back as was wanted; without any when they were not.
    """

    conversation: Mapping[str, Any]
    user_id: str | None
    time: datetime
    dialogue: Dialogue
