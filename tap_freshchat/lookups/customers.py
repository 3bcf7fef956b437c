"""Batched and cached look-up of customers by id: the identity of events.

A customer whose look-up is refused costs only that customer's details. If the look-up is refused
as a whole, the stream stops: events without `reference_id` would belong to other people in Segment.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from tap_freshchat.api import responses
from tap_freshchat.api.retries import MAX_ATTEMPTS
from tap_freshchat.errors import FreshchatError
from tap_freshchat.ids import is_placeholder
from tap_freshchat.lookups.enrichment import FOLLOW_UP_ATTEMPTS
from tap_freshchat.times import format_request_time
from tap_freshchat.windows import FRESHCHAT_EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.lookups.enrichment import Enrichment
    from tap_freshchat.set_aside import SetAside

T = TypeVar("T")

PATH = "/users/fetch"
# POST /users/fetch takes up to 100 ids.
USERS_PER_REQUEST = 100
# Events looked up together: several requests of 100 users, and few records in memory.
LOOKUP_BATCH_SIZE = 500
# Cached users; the oldest are dropped.
MAX_USERS = 20_000
# Kinds of what is set aside.
NOT_READ = "users without details"
ODD = "users without an id"
PLACEHOLDERS = "placeholders instead of a person's id"


class BoundedCache(OrderedDict[str, T]):
    """Cache of look-ups by id; drops the oldest above a bound."""

    def __init__(self, bound: int) -> None:
        super().__init__()
        self._bound = bound

    def __setitem__(self, key: str, value: T) -> None:
        super().__setitem__(key, value)
        if len(self) > self._bound:
            self.popitem(last=False)


class CustomerLookup:
    """Look-up of users by id. `missing` counts those that no longer exist."""

    def __init__(self, client: FreshchatClient, enrichment: Enrichment) -> None:
        self._client = client
        self._enrichment = enrichment
        self._users: BoundedCache[dict[str, Any]] = BoundedCache(MAX_USERS)
        self.missing = 0

    def get(self, user_ids: Iterable[str]) -> Mapping[str, dict[str, Any]]:
        """Users by id, fetched unless cached; those who are deleted or refused are absent.

        Raises:
            FreshchatError: Freshchat refuses the look-up as a whole.
        """
        requested = set(user_ids)
        found = {user_id: self._users[user_id] for user_id in requested & self._users.keys()}
        uncached = sorted(requested - found.keys())
        for batch in in_batches(uncached, USERS_PER_REQUEST):
            fetched = self._fetch(batch)
            self._users.update(fetched)
            found.update(fetched)
        return {user_id: user for user_id, user in found.items() if user}

    def _fetch(
        self, user_ids: Sequence[str], attempts: int = MAX_ATTEMPTS
    ) -> dict[str, dict[str, Any]]:
        """The users of one request; a request that is refused is halved down to the user."""
        try:
            fetched = self._request(user_ids, attempts)
        except FreshchatError as error:
            self._enrichment.raise_if_general(error)
            if len(user_ids) > 1:
                middle = len(user_ids) // 2
                parts = user_ids[:middle], user_ids[middle:]
                first, second = (self._fetch(part, FOLLOW_UP_ATTEMPTS) for part in parts)
                return {**first, **second}
            if not self._enrichment.has_succeeded(NOT_READ):
                self._require_access(error, user_ids[0])
            self._enrichment.failed(NOT_READ, error)
            return {user_ids[0]: {}}
        self._enrichment.succeeded(NOT_READ)
        users = {user_id: fetched.get(user_id, {}) for user_id in user_ids}
        self.missing += sum(not user for user in users.values())
        return users

    def _request(self, user_ids: Sequence[str], attempts: int) -> dict[str, dict[str, Any]]:
        response = self._client.post(PATH, {"ids": list(user_ids)}, attempts=attempts)
        # The response is either a list or an object that holds it, which may be null.
        entries = response
        if isinstance(response, dict) and "users" in response:
            entries = response["users"] or []
        on_odd = self._enrichment.odd_item(ODD, PATH)
        users = responses.require_object_list(entries, PATH, "users", on_odd=on_odd)
        for user in users:
            if "reference_id" in user:
                user["reference_id"] = usable_id(user["reference_id"], self._enrichment.set_aside)
        return {user["id"]: user for user in users}

    def _require_access(self, error: FreshchatError, refused: str) -> None:
        """Raise unless a user other than the refused one can be looked up."""
        try:
            # The list of users needs a filter; anyone will do.
            query = {
                "updated_from": format_request_time(FRESHCHAT_EPOCH),
                "updated_to": format_request_time(self._client.clock.now()),
                "page": 1,
                "items_per_page": 2,
            }
            listed = responses.require_object(self._client.get("/users", query), "/users")
            known = responses.require_object_list(listed.get("users"), "/users", "users")
            [other, *_] = [user["id"] for user in known if user["id"] != refused]
            self._request([other], FOLLOW_UP_ATTEMPTS)
        except (FreshchatError, ValueError):
            raise error.with_text(
                f"{error} Freshchat refuses the look-up of any user, so the reference_id of "
                f"customers is unknown. Nothing is lost: check the rights of api_token and run "
                f"the tap again."
            ) from None
        self._enrichment.succeeded(NOT_READ)


def usable_id(person_id: object, set_aside: SetAside) -> str | None:
    """The id of a person; None, and counted, if it is a placeholder such as `undefined`."""
    if person_id is None or person_id == "":
        return None
    if isinstance(person_id, str) and not is_placeholder(person_id):
        return person_id
    set_aside.item(
        PLACEHOLDERS,
        "A person's id, such as reference_id, is a placeholder like undefined, null or 0. It is "
        "left out, because many people would become one user. Correct the program that sets it.",
    )
    return None


def in_batches(items: Iterable[T], size: int = LOOKUP_BATCH_SIZE) -> Iterator[list[T]]:
    """The items in lists of `size`, the last one shorter."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
