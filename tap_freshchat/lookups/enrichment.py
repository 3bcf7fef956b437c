"""Enrichment rules: which failures of a look-up cost one item its details, and which end the run.

A look-up that only completes records never ends a run: the item is counted, the first of its kind
is a warning, and its records have the ids that are known without it. If Freshchat is down, though,
the run ends: otherwise all of its records would lack details that exist.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_freshchat.errors import AuthorizationError, FreshchatError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.set_aside import SetAside

# Items of one kind that fail one after the other before Freshchat counts as down: if none has
# succeeded in this run, and otherwise.
MAX_FAILURES_AT_START = 3
MAX_FAILURES_IN_A_ROW = 10
# Cheap requests that show whether Freshchat responds at all.
PROBES = ("/accounts/configuration", "/roles")
# Attempts at what is requested because a request has failed after all of its own.
FOLLOW_UP_ATTEMPTS = 2


class Enrichment:
    """Failures of look-ups in one run. Not for several threads: call it where results arrive."""

    def __init__(self, client: FreshchatClient, set_aside: SetAside) -> None:
        self._client = client
        self.set_aside = set_aside
        self._in_a_row: Counter[str] = Counter()
        self._succeeded: set[str] = set()

    def succeeded(self, kind: str) -> None:
        """Note that an item of a kind was found, or that Freshchat has no such item."""
        self._succeeded.add(kind)
        self._in_a_row[kind] = 0

    def has_succeeded(self, kind: str) -> bool:
        """Whether any item of a kind was found in this run."""
        return kind in self._succeeded

    def failed(
        self,
        kind: str,
        error: FreshchatError,
        *,
        consequence: str = "Records have the ids that are known without it.",
        is_source: bool = False,
    ) -> None:
        """Count an item whose look-up failed, under `kind`, such as `users without details`.

        `consequence` says what it costs. `is_source` marks items that events come from: a refusal
        of all of them counts like an outage, because the run would end without events.

        Raises:
            AuthorizationError: the token or the host is wrong.
            FreshchatError: Freshchat is down, or refuses all such items.
        """
        self.raise_if_general(error)
        if is_source or isinstance(error, RetryableError):
            self._in_a_row[kind] += 1
            limit = MAX_FAILURES_IN_A_ROW if kind in self._succeeded else MAX_FAILURES_AT_START
            if self._in_a_row[kind] >= limit:
                raise error.with_text(
                    f"{error} This is failure {limit} in a row ({kind}), so it is not about single "
                    f"items. Nothing is lost: run the tap again when Freshchat responds, or check "
                    f"the rights of api_token."
                )
        self.set_aside.item(kind, f"{error} {consequence}")

    def raise_if_general(self, error: FreshchatError) -> None:
        """Raise an error that is not about the one thing requested."""
        if isinstance(error, AuthorizationError) and not error.forbidden:
            raise error
        if isinstance(error, RetryableError) and not self._responds():
            raise error

    def odd_item(self, kind: str, path: str) -> Callable[[], None]:
        """A function that counts one item of a list that has no usable id, under `kind`."""
        return lambda: self.set_aside.item(
            kind, f"The response of {path} has an item that is not an object with an id."
        )

    def _responds(self) -> bool:
        """Whether Freshchat responds to any of the cheap requests, be it with a refusal."""
        for path in PROBES:
            try:
                self._client.get(path, attempts=FOLLOW_UP_ATTEMPTS)
            except RetryableError:
                continue
            except FreshchatError as error:
                if isinstance(error, AuthorizationError) and not error.forbidden:
                    raise
            return True
        return False
