"""The people who write to the desk: who each one is, and which conversations are theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from freshchat_sandbox.desk import phrases
from freshchat_sandbox.desk.dice import Dice
from freshchat_sandbox.desk.identifiers import Kind
from freshchat_sandbox.desk.instants import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.desk.identifiers import Identifiers

CHANGES_WITHIN = 6 * DAY  # the last change of a customer's record comes no later than this
_KNOWN_SHARE = 0.55  # have the site's own id
_REACHABLE_SHARE = 0.78  # these, and those with an e-mail or a phone only
_DELETED_SHARE = 0.06  # of those without the site's own id: erased on request
_TIERS = ("bronze", "silver", "gold")
# Days until a returning customer comes back; which row applies follows from the number.
_LAGS = ((1, 3, 9), (2, 4, 16), (1, 5, 7))
_CACHED = 16_384  # some 15 MB when full; a walk through so many users draws each once


class Place(NamedTuple):
    """The `number`-th conversation (or its first-time customer) of a `day` since opening."""

    day: int
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """One user record over its whole life; instants are epoch milliseconds.

    Attributes:
        place: The conversation that made the customer known.
        updates: When the record changed, rising; the first is the creation.
        deleted: When it was erased, or None.
    """

    place: Place
    updates: tuple[int, ...]
    deleted: int | None
    first_name: str
    last_name: str | None
    email: str | None
    phone: str | None
    reference_id: str | None
    restore_id: str | None

    @property
    def created(self) -> int:
        """When the record was made."""
        return self.updates[0]

    def updated(self, now: int) -> int:
        """Return when the record last changed, seen from now."""
        return max((instant for instant in self.updates if instant <= now), default=self.created)

    def tier(self, now: int) -> str:
        """Return a custom property that climbs with each change of the record."""
        changes = sum(instant <= now for instant in self.updates)
        return _TIERS[(self.place.number + changes) % len(_TIERS)]

    def exists(self, now: int) -> bool:
        """Tell whether the API knows the customer at that moment."""
        return self.created <= now and (self.deleted is None or now < self.deleted)


class Customers:
    """All customers, each drawn when asked for.

    Args:
        seed: Which desk.
        per_day: Conversations that begin on each day.
        ids: The account's identifiers.
        origin: The instant the desk opened.
        began: When the conversation at a place began.
    """

    def __init__(
        self,
        seed: int,
        per_day: int,
        ids: Identifiers,
        *,
        origin: int,
        began: Callable[[Place], int],
    ) -> None:
        self._seed = seed
        self._per_day = per_day
        self._ids = ids
        self._origin = origin
        self._began = began
        self.at = lru_cache(maxsize=_CACHED)(self._draw)

    def author_of(self, place: Place) -> Place:
        """Return the place of the customer who holds the conversation at a place.

        Every fourth conversation is by somebody who wrote on an earlier day, by arithmetic
        rather than by lot: it can be followed both ways without a look at other days.
        """
        if place.number % 4 == 3:  # noqa: PLR2004 - the fourth of four
            turn = place.number // 4
            day = place.day - _LAGS[turn // 3 % 3][turn % 3]
            if day >= 0:
                return Place(day, 4 * (turn - turn % 3) + 1)
        return place

    def conversations_of(self, place: Place) -> Iterator[Place]:
        """Yield the places of all conversations of the customer at a place, in time."""
        yield place
        turn = place.number // 4
        if place.number % 4 == 1 and turn % 3 == 0:
            for step, lag in enumerate(_LAGS[turn // 3 % 3]):
                number = 4 * (turn + step) + 3
                if number < self._per_day:
                    yield Place(place.day + lag, number)

    def also_listed_for(self, place: Place) -> Place | None:
        """Return a conversation of somebody else that the API lists for this customer too."""
        if place.number % 12 != 6:  # noqa: PLR2004 - a rare slip: one customer in twelve
            return None
        return Place(place.day, place.number - 1)

    def with_email(self, email: str) -> Customer | None:
        """Find the customer who has an e-mail address."""
        found = re.search(r"\.([0-9a-z]{8})@", email)
        customer = self._with_code(found.group(1)) if found else None
        return customer if customer and customer.email == email else None

    def with_reference(self, reference_id: str) -> Customer | None:
        """Find the customer who has the site's own id."""
        customer = self._with_code(reference_id[-8:].lower())
        return customer if customer and customer.reference_id == reference_id else None

    def known(self, place: Place) -> bool:
        """Tell whether a customer first became known at this place."""
        return place.number < self._per_day and self.author_of(place) == place

    def _with_code(self, code: str) -> Customer | None:
        found = self._ids.parse_code(Kind.CUSTOMER, code)
        if found is None or not self.known(Place(*found)):
            return None
        return self.at(Place(*found))

    def _draw(self, place: Place) -> Customer:
        dice = Dice(self._seed, "customer", *place)
        created = max(self._began(place) - dice.wait(SECOND, 20 * MINUTE), self._origin)
        gaps = [dice.wait(HOUR, 2 * DAY) for _ in range(dice.between(0, 3))]
        updates = tuple(created + sum(gaps[:count]) for count in range(len(gaps) + 1))
        kind = dice.random()
        code = self._ids.code(Kind.CUSTOMER, *place)
        first, last = dice.pick(phrases.FIRST_NAMES), dice.pick(phrases.LAST_NAMES)
        email: str | None = f"{_ascii(last)}.{code}@example.{dice.pick(('com', 'org', 'net'))}"
        phone: str | None = f"+1555{dice.between(1_000_000, 9_999_999)}"
        reference: str | None = None
        restore: str | None = None
        if kind < _KNOWN_SHARE:
            reference = dice.pick((f"cust_{code}", f"LL-{code.upper()}"))
            restore = self._ids.uuid(Kind.CUSTOMER, *place, part=1) if dice.chance(0.5) else None
            email = email if dice.chance(0.9) else None
            phone = phone if dice.chance(0.3) else None
        elif kind < _REACHABLE_SHARE:
            email, phone = (email, None) if dice.chance(0.6) else (None, phone)
        else:
            first, last = dice.pick(phrases.BOT_NOUNS), dice.pick(phrases.BOT_VERBS)
            email = phone = None
        erased = reference is None and dice.chance(_DELETED_SHARE)
        return Customer(
            place=place,
            updates=updates,
            deleted=created + dice.between(DAY, 8 * DAY) if erased else None,
            first_name=first,
            last_name=last if dice.chance(0.9) else None,
            email=email,
            phone=phone,
            reference_id=reference,
            restore_id=restore,
        )


def _ascii(name: str) -> str:
    return "".join(letter for letter in name.lower() if "a" <= letter <= "z") or "user"
