"""Settling pass: reads the last two days again, once a day, for rows later than the look-back.

The first run of each UTC day is the pass. It reads everything that is not settled yet; what is
older than `SETTLE_AGE` is settled afterwards and never read again. The state remembers what was
emitted from the time that is not settled, as short hashes by hour, so that the pass emits only
what is new. A period that is older than `SETTLE_AGE` when it is first read is settled at once.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_freshchat.times import before_zone_change, floor_to, format_time, parse_time
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from datetime import tzinfo

# How late a row can be and still be found. A pass reads this and a day before. With runs every two
# hours or more often, that is at most two days, so one more transcript job (a day each).
SETTLE_AGE = timedelta(hours=22)
# At most some 800 kB of state for each stream; enough for 52,000 records a day.
MAX_HASHES = 100_000
# With as many hashes, one of 2,800 million new records is taken for one that was emitted.
HASH_BYTES = 6

# Parts of the sub-state of reports: the end of what is settled; the hashes by hour; the time before
# which hashes were dropped.
SETTLED = "settled_until"
HASHES = "emitted_hashes"
DROPPED = "emitted_since"
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(eq=False)
class SettlingPass:
    """What one run of a stream settles, and the memory of what was emitted.

    Args:
        stored: the sub-state of reports, only read.
        now: time of the run.
        end: end of what the run reads.
        zone: the zone of times in the reports. What is settled never ends near a change of it.
        max_hashes: how many the state may hold; above that, the oldest are dropped.
    """

    stored: Mapping[str, Any]
    _: KW_ONLY
    now: datetime
    end: datetime
    zone: tzinfo = timezone.utc
    max_hashes: int = MAX_HASHES
    _settled: datetime = field(init=False)
    # Whether the run reads everything that is not settled.
    _settles: bool = field(default=True, init=False)

    def start_time(self, lookback_start: datetime, bookmark: datetime | None) -> datetime:
        """Where the run starts; call it first. `bookmark` is None in the first run of a stream."""
        # A state from before there were passes has no such time.
        stored = self.stored.get(SETTLED) if bookmark else None
        self._settled = min(lookback_start, parse_time(stored)) if stored else lookback_start
        if bookmark and stored:
            self._settles = floor_to(self.end, _DAY) > floor_to(bookmark, _DAY)
        return self._settled if self._settles else lookback_start

    @property
    def repeated(self) -> Window | None:
        """The period whose records this run emits again, because it had too many to remember."""
        if self._settles and self._dropped_before and self._dropped_before > self._settled:
            return Window(self._settled, self._dropped_before)
        return None

    def add(self, record_id: str, time: datetime) -> bool:
        """Remember a record that is emitted; whether it was emitted before, as far as is known.

        `record_id` is a stable id, in hexadecimal digits.
        """
        hashed = _hash(record_id)
        if hashed in self._emitted:
            return True
        start = self._settled_after if self._settles else self._settled
        if time >= start and not (self._dropped_before and time < self._dropped_before):
            self._emitted[hashed] = floor_to(time, _HOUR)
            if len(self._emitted) >= 2 * self.max_hashes:
                self._drop_oldest()
        return False

    def discard(self, record_id: str) -> None:
        """Forget a record that was not emitted after all."""
        self._emitted.pop(_hash(record_id), None)

    def save(self, state: MutableMapping[str, Any], window_end: datetime) -> None:
        """Store what is settled after a window, and what was emitted since."""
        if self._settles:
            settled = before_zone_change(min(window_end, self._settled_after), self.zone)
            self._settled = max(self._settled, settled)
        self._drop(before=self._settled)
        self._drop_oldest()
        hours: dict[datetime, list[bytes]] = {}
        for hashed, hour in self._emitted.items():
            hours.setdefault(hour, []).append(hashed)
        state[SETTLED] = format_time(self._settled)
        state[HASHES] = {
            hour.isoformat(timespec="minutes"): b64encode(b"".join(sorted(hashes))).decode()
            for hour, hashes in sorted(hours.items())
        }
        state.pop(DROPPED, None)
        if self._dropped_before and self._dropped_before > self._settled:
            state[DROPPED] = format_time(self._dropped_before)

    def _drop_oldest(self) -> None:
        """Drop the oldest hours above the bound."""
        while len(self._emitted) > self.max_hashes:
            self._dropped_before = min(self._emitted.values()) + _HOUR
            self._drop(before=self._dropped_before)

    def _drop(self, before: datetime) -> None:
        """Drop the hours that end by a time."""
        self._emitted = {
            hashed: hour for hashed, hour in self._emitted.items() if hour + _HOUR > before
        }

    @cached_property
    def _settled_after(self) -> datetime:
        """Where what is not settled starts after a pass."""
        return before_zone_change(self.now - SETTLE_AGE, self.zone)

    @cached_property
    def _emitted(self) -> dict[bytes, datetime]:
        """The hour of each record that was emitted, by the hash of its id."""
        emitted: dict[bytes, datetime] = {}
        for hour, text in (self.stored.get(HASHES) or {}).items():
            emitted |= dict.fromkeys(read_hashes(text), parse_time(hour))
        return emitted

    @cached_property
    def _dropped_before(self) -> datetime | None:
        stored = self.stored.get(DROPPED)
        return parse_time(stored) if stored else None


def read_hashes(text: str) -> list[bytes]:
    """The hashes in a text of the state; ValueError if it holds anything else."""
    packed = b64decode(text, validate=True)
    if len(packed) % HASH_BYTES:
        raise ValueError("not a whole number of hashes")
    return [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]


def _hash(record_id: str) -> bytes:
    return bytes.fromhex(record_id[: 2 * HASH_BYTES])
