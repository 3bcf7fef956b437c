"""The whole desk: finds lives, people and shifts by time or by id, and names them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from freshchat_sandbox.desk.customers import CHANGES_WITHIN, Customer, Customers, Place
from freshchat_sandbox.desk.identifiers import Identifiers, Kind
from freshchat_sandbox.desk.instants import DAY, HOUR, midnight
from freshchat_sandbox.desk.lives import AGENT, BOT, USER, Life, Moment
from freshchat_sandbox.desk.roster import Roster
from freshchat_sandbox.desk.staff import AGENTS, CHANNELS, GROUPS
from freshchat_sandbox.desk.stories import LONGEST, story_of
from freshchat_sandbox.desk.storyteller import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.options import Options

_CACHED_LIVES = 2048  # some 15 MB; a life is redrawn in about 0.1 ms
_LEAST_SHARE = 0.15  # of a slow story's hours: 10 to 21


class Desk:
    """One account with its whole past and future, computed from the options alone.

    Instants are epoch milliseconds; nothing here depends on what time it is.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.origin = midnight(options.opened)
        self.ids = Identifiers(options.seed)
        self.roster = Roster(options.seed, options.opened)
        self.customers = Customers(
            options.seed,
            options.conversations_per_day,
            self.ids,
            origin=self.origin,
            began=self.began,
        )
        self.life = lru_cache(maxsize=_CACHED_LIVES)(self._tell)
        self.app_id = self.ids.uuid(Kind.ACCOUNT)
        self.agent_ids = tuple(self.ids.uuid(Kind.AGENT, 0, n) for n in range(len(AGENTS)))
        self.group_ids = tuple(self.ids.uuid(Kind.GROUP, 0, n) for n in range(len(GROUPS)))
        self.channel_ids = tuple(self.ids.uuid(Kind.CHANNEL, 0, n) for n in range(len(CHANNELS)))
        self.system_user_ids = tuple(self.ids.uuid(Kind.SYSTEM_USER, 0, n) for n in range(2))

    def began(self, place: Place) -> int:
        """Return when the conversation at a place begins: one in each slot of its day."""
        return self._bounds(place)[0]

    def lives(self, start: int, end: int) -> Iterator[Life]:
        """Yield every life that may have a moment in [start, end), by creation."""
        first = max(0, (start - LONGEST * HOUR - self.origin) // DAY)
        for day in range(first, self._last_day(end) + 1):
            for number in range(self.options.conversations_per_day):
                place = Place(day, number)
                began, over = self._bounds(place)
                if began < end and over > start:
                    life = self.life(place)
                    if life.moments[-1].at >= start:
                        yield life

    def customers_changed(self, start: int, end: int) -> Iterator[Customer]:
        """Yield every customer whose record may have changed in [start, end]."""
        first = max(0, (start - CHANGES_WITHIN - self.origin) // DAY)
        # A customer is known some minutes before the first conversation, hence the extra day.
        for day in range(first, self._last_day(end) + 2):
            for number in range(self.options.conversations_per_day):
                place = Place(day, number)
                if self.customers.known(place):
                    yield self.customers.at(place)

    def find_life(self, conversation_id: str) -> Life | None:
        """Return the conversation with an id, UUID or numeric, whenever it begins."""
        place: Place | None = None
        if conversation_id.isdecimal() and conversation_id.isascii():
            found = self.ids.parse_internal(Kind.CONVERSATION, int(conversation_id))
            place = Place(*found) if found else None
        else:
            named = self.ids.parse_uuid(Kind.CONVERSATION, conversation_id)
            place = Place(*named[:2]) if named else None
        return self.life(place) if place and self._has(place) else None

    def find_customer(self, user_id: str) -> Customer | None:
        """Return the customer with an id, whenever they become known."""
        named = self.ids.parse_uuid(Kind.CUSTOMER, user_id)
        if named is None:
            return None
        place = Place(*named[:2])
        return self.customers.at(place) if self._has(place) else None

    # Names

    def conversation_id(self, place: Place) -> str:
        """Return the UUID of a conversation."""
        return self.ids.uuid(Kind.CONVERSATION, *place)

    def internal_id(self, place: Place) -> int:
        """Return the numeric id of a conversation."""
        return self.ids.internal(Kind.CONVERSATION, *place)

    def interaction_id(self, life: Life, moment: Moment) -> str:
        """Return the id of the open period that a moment belongs to."""
        return f"{self.internal_id(life.place)}-{moment.interaction}"

    def message_id(self, life: Life, moment: Moment) -> str:
        """Return the id of a message."""
        return self.ids.uuid(Kind.MESSAGE, *life.place, moment.order)

    def user_id(self, place: Place) -> str:
        """Return the id of the customer at a place."""
        return self.ids.uuid(Kind.CUSTOMER, *place)

    def actor_id(self, life: Life, moment: Moment) -> str:
        """Return the id of who did it."""
        if moment.actor_type == USER:
            return self.user_id(life.customer)
        if moment.actor_type == AGENT and moment.actor is not None:
            return self.agent_ids[moment.actor]
        return self.system_user_ids[0 if moment.actor_type == BOT else 1]

    def agent_id(self, index: int | None) -> str | None:
        """Return the id of an agent, or None for nobody."""
        return None if index is None else self.agent_ids[index]

    def group_id(self, index: int | None) -> str | None:
        """Return the id of a group, or None for none."""
        return None if index is None else self.group_ids[index]

    def _tell(self, place: Place) -> Life:
        author = self.customers.author_of(place)
        return tell(self.options.seed, place, author, self._bounds(place), self.roster)

    def _has(self, place: Place) -> bool:
        return place.number < self.options.conversations_per_day

    def _last_day(self, end: int) -> int:
        return (end - 1 - self.origin) // DAY

    def _bounds(self, place: Place) -> tuple[int, int]:
        """Return when the conversation at a place begins, and by when it is over.

        By hash, not by the story's dice: asked of far more conversations than are ever told.
        """
        name = f"{self.options.seed}/{place.day}/{place.number}".encode()
        digest = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")
        when, patience = (digest >> 16) / (1 << 48), (digest & 0xFFFF) / (1 << 16)
        slot = DAY / self.options.conversations_per_day
        began = self.origin + place.day * DAY + int((place.number + when) * slot)
        story = story_of(place)
        # Few of the slow ones take all the time they may.
        share = _LEAST_SHARE + (1 - _LEAST_SHARE) * patience * patience if story.slow else 1
        return began, began + int(story.hours * share) * HOUR
