"""Refused events before the first acknowledgement: the data's fault, or the wrong receiver?"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_segment.errors import DeliveryError

if TYPE_CHECKING:
    from target_segment.dead_letters import DeadLetters
    from target_segment.run_stats import RunStats
    from target_segment.segment_spec import Event, Reason

# So many refused events without an accepted one are not a matter of single events.
MAX_REFUSED_WITHOUT_ACCEPTED = 10


@dataclass(eq=False)
class Refusals:
    """Writes refused events to the dead letters; safe to share between threads.

    Until an event is accepted, refused events are held, so that a wrong receiver fills no file.
    """

    dead_letters: DeadLetters

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[tuple[Event, Reason, RunStats]] = []
        self._refused = 0
        self._has_accepted = False

    @property
    def is_holding(self) -> bool:
        """Whether refused events are held, which are neither sent nor dead letters."""
        return bool(self._held)

    def note_accepted(self) -> None:
        """Write what is held: the receiver accepts events, so the refused ones are at fault."""
        if self._has_accepted:
            return
        with self._lock:
            self._has_accepted = True
            self._write_held()

    def add(self, event: Event, reason: Reason, stats: RunStats) -> None:
        """Write or hold a refused event; `DeliveryError` if the receiver refuses every event."""
        with self._lock:
            self._refused += 1
            self._held.append((event, reason, stats))
            if self._has_accepted:
                self._write_held()
            elif self._refused >= MAX_REFUSED_WITHOUT_ACCEPTED:
                raise DeliveryError(
                    f"api_url refused each of the first {self._refused} events ({reason.text}); "
                    "it may not be an events API: check api_url and headers. Nothing is lost"
                )

    def release(self) -> None:
        """Write what is held at the end of the input: too few events to blame the receiver."""
        with self._lock:
            self._write_held()

    def _write_held(self) -> None:
        while self._held:
            event, reason, stats = self._held[0]
            self.dead_letters.write_event(event, reason)
            stats.dead_letters[event.stream, reason.text] += 1
            # Only now: without held events, finished batches count as settled.
            del self._held[0]
