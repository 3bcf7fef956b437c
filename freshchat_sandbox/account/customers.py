"""Customers of the account: their records and conversations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from freshchat_sandbox.account import sample_text
from freshchat_sandbox.account.identifiers import Kind
from freshchat_sandbox.account.rng import SeededRandom
from freshchat_sandbox.account.timestamps import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.account.identifiers import Identifiers

CHANGES_WITHIN = 6 * DAY  # latest change of a customer record after its creation
_KNOWN_SHARE = 0.55  # have an external id
_REACHABLE_SHARE = 0.78  # these, and those with an e-mail or a phone only
_DELETED_SHARE = 0.06  # of those without an external id: deleted on request
_TIERS = ("bronze", "silver", "gold")
# Days until a returning customer writes again; the number of the customer selects the row.
_LAGS = ((1, 3, 9), (2, 4, 16), (1, 5, 7))
_CACHED = 16_384  # some 15 MB when full; listing that many users generates each once


class ConversationKey(NamedTuple):
    """Key of a conversation, or of the customer it creates: its day since opening and number."""

    day: int
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """User record with all its changes; times are epoch milliseconds.

    Attributes:
        key: Key of the conversation that created the customer.
        updates: Times of all changes, ascending; the first is the creation.
        deleted: Time of the deletion, or None.
    """

    key: ConversationKey
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
        """Creation time of the record."""
        return self.updates[0]

    def updated(self, now: int) -> int:
        """Return the time of the last change up to now."""
        return max((update for update in self.updates if update <= now), default=self.created)

    def tier(self, now: int) -> str:
        """Return a custom property that changes with each change of the record."""
        changes = sum(update <= now for update in self.updates)
        return _TIERS[(self.key.number + changes) % len(_TIERS)]

    def exists(self, now: int) -> bool:
        """Return whether the API returns the customer at that time."""
        return self.created <= now and (self.deleted is None or now < self.deleted)


class Customers:
    """All customers of the account, generated on demand.

    Args:
        seed: Seed of the account.
        per_day: Conversations that start on each day.
        ids: Identifiers of the account.
        origin: Time the account opened, in epoch milliseconds.
        started_at: Returns the start of a conversation in epoch milliseconds.
    """

    def __init__(
        self,
        seed: int,
        per_day: int,
        ids: Identifiers,
        *,
        origin: int,
        started_at: Callable[[ConversationKey], int],
    ) -> None:
        self._seed = seed
        self._per_day = per_day
        self._ids = ids
        self._origin = origin
        self._started_at = started_at
        self.get = lru_cache(maxsize=_CACHED)(self._draw)

    def customer_of(self, key: ConversationKey) -> ConversationKey:
        """Return the key of the customer of a conversation.

        Every fourth conversation is by a customer of an earlier day. It is computed, not random,
        so that it can be looked up in both directions without generating other days.
        """
        if key.number % 4 == 3:  # noqa: PLR2004 - the fourth of four
            turn = key.number // 4
            day = key.day - _LAGS[turn // 3 % 3][turn % 3]
            if day >= 0:
                return ConversationKey(day, 4 * (turn - turn % 3) + 1)
        return key

    def conversations_of(self, key: ConversationKey) -> Iterator[ConversationKey]:
        """Yield the keys of all conversations of a customer, in order of time."""
        yield key
        turn = key.number // 4
        if key.number % 4 == 1 and turn % 3 == 0:
            for step, lag in enumerate(_LAGS[turn // 3 % 3]):
                number = 4 * (turn + step) + 3
                if number < self._per_day:
                    yield ConversationKey(key.day + lag, number)

    def duplicate_listing_for(self, key: ConversationKey) -> ConversationKey | None:
        """Return a conversation of another customer that the API lists for this one too."""
        if key.number % 12 != 6:  # noqa: PLR2004 - one customer in twelve
            return None
        return ConversationKey(key.day, key.number - 1)

    def with_email(self, email: str) -> Customer | None:
        """Return the customer with an e-mail address, or None."""
        found = re.search(r"\.([0-9a-z]{8})@", email)
        customer = self._with_code(found.group(1)) if found else None
        return customer if customer and customer.email == email else None

    def with_reference(self, reference_id: str) -> Customer | None:
        """Return the customer with an external id, or None."""
        customer = self._with_code(reference_id[-8:].lower())
        return customer if customer and customer.reference_id == reference_id else None

    def is_first_conversation(self, key: ConversationKey) -> bool:
        """Return whether this is the first conversation of its customer."""
        return key.number < self._per_day and self.customer_of(key) == key

    def _with_code(self, code: str) -> Customer | None:
        found = self._ids.parse_code(Kind.CUSTOMER, code)
        if found is None or not self.is_first_conversation(ConversationKey(*found)):
            return None
        return self.get(ConversationKey(*found))

    def _draw(self, key: ConversationKey) -> Customer:
        rng = SeededRandom(self._seed, "customer", *key)
        created = max(
            self._started_at(key) - rng.skewed_duration(SECOND, 20 * MINUTE), self._origin
        )
        gaps = [rng.skewed_duration(HOUR, 2 * DAY) for _ in range(rng.randint(0, 3))]
        updates = tuple(created + sum(gaps[:count]) for count in range(len(gaps) + 1))
        kind = rng.random()
        code = self._ids.code(Kind.CUSTOMER, *key)
        first, last = rng.choice(sample_text.FIRST_NAMES), rng.choice(sample_text.LAST_NAMES)
        email: str | None = f"{_ascii(last)}.{code}@example.{rng.choice(('com', 'org', 'net'))}"
        phone: str | None = f"+1555{rng.randint(1_000_000, 9_999_999)}"
        reference: str | None = None
        restore: str | None = None
        if kind < _KNOWN_SHARE:
            reference = rng.choice((f"cust_{code}", f"LL-{code.upper()}"))
            restore = self._ids.uuid(Kind.CUSTOMER, *key, part=1) if rng.chance(0.5) else None
            email = email if rng.chance(0.9) else None
            phone = phone if rng.chance(0.3) else None
        elif kind < _REACHABLE_SHARE:
            email, phone = (email, None) if rng.chance(0.6) else (None, phone)
        else:
            first, last = rng.choice(sample_text.BOT_NOUNS), rng.choice(sample_text.BOT_VERBS)
            email = phone = None
        erased = reference is None and rng.chance(_DELETED_SHARE)
        return Customer(
            key=key,
            updates=updates,
            deleted=created + rng.randint(DAY, 8 * DAY) if erased else None,
            first_name=first,
            last_name=last if rng.chance(0.9) else None,
            email=email,
            phone=phone,
            reference_id=reference,
            restore_id=restore,
        )


def _ascii(name: str) -> str:
    return "".join(char for char in name.lower() if "a" <= char <= "z") or "user"
