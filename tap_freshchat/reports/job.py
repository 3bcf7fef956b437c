"""One raw-report job: what is asked for, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_freshchat.windows import Window

# Seconds before the first look at a job: it takes seconds to minutes.
FIRST_POLL = 2.0


@dataclass(kw_only=True, eq=False)
class Job:
    """One job; `links` is None until all its parts are done.

    A window that the service finds too long is left to two `halves`, which stand for the job.
    """

    report: str
    window: Window
    id: str = ""
    deadline: float = 0.0
    next_poll: float = 0.0
    poll_wait: float = FIRST_POLL
    looks_for_links: int = 0
    links: list[str] | None = None
    halves: tuple[Job, ...] = ()

    def parts(self) -> list[Job]:
        """The jobs that together cover the window, in order."""
        return [part for half in self.halves for part in half.parts()] or [self]

    @property
    def done(self) -> bool:
        """Whether all its parts have links."""
        return all(part.links is not None for part in self.parts())
