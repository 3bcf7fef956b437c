"""List of users changed in a window, fetched once for all streams that need it; no Singer.

The API lists users only under a filter, and that `updated_from` and `updated_to` are obeyed is
believed, not documented. The users of a response are filtered here again; if the service ignores
the filter, one list of all users serves all windows.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from tap_freshchat.api import pagination
from tap_freshchat.errors import IncompleteListError
from tap_freshchat.lookups.customers import BoundedCache
from tap_freshchat.times import format_request_time, parse_time_or_none
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from tap_freshchat.api.client import FreshchatClient

# An interrupted run lists its window again, so it is not long; and 15 months of empty ones cost
# 66 requests.
USER_WINDOW = timedelta(days=7)
# A user outside of the requested window by more than this shows that the filter is not obeyed; by
# less, it may be a matter of rounding or of how bounds are meant.
FILTER_TOLERANCE = timedelta(days=1)
# Whether bounds are inclusive, and to what fraction of a second, is not documented: requests ask
# for a little more.
MARGIN = timedelta(seconds=1)
# The list of a window is not split further: requests ask for a second on either side.
MIN_WINDOW = timedelta(seconds=2)
# Pages shift by a few items; a user listed again later than this is emitted again, harmlessly.
MAX_SEEN_IDS = 20_000


def changed_at(user: dict[str, Any]) -> datetime | None:
    """Time of a user's last change, else of creation; None if unknown."""
    return parse_time_or_none(user.get("updated_time") or user.get("created_time"))


class ChangedUsers:
    """The lists of users of one run.

    Whole lists are saved in `folder` before any is read, so that pages shift as little as possible.
    """

    def __init__(self, client: FreshchatClient, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._readers: Counter[Window] = Counter()
        self._full_list: Path | None = None

    def register_windows(self, windows: Sequence[Window]) -> None:
        """Register the windows that a stream will read, so that each is fetched once for all."""
        self._readers.update(windows)

    def users(self, window: Window) -> Iterator[dict[str, Any]]:
        """Users whose last change is in a registered window, or unknown; each once."""
        path = self._full_list or self._path(window)
        if not path.exists():
            path = self._fetch(window)
        with path.open("rb") as lines:
            for user in _deduplicated(map(msgspec.json.decode, lines)):
                changed = changed_at(user)
                if changed is None or window.start <= changed < window.end:
                    yield user
        self._readers[window] -= 1
        if self._readers[window] <= 0 and path != self._full_list:
            path.unlink()

    def _fetch(self, window: Window) -> Path:
        """Bring a window's users to disk; all users, when the service ignores the filter."""
        if self._save(window, self._path(window)):
            return self._path(window)
        # A filter of some kind is mandatory, and one bound of it may be obeyed: this one excludes
        # nobody who belongs to any window, whichever was read first.
        windows = [window, *self._readers]
        full = Window(min(each.start for each in windows), max(each.end for each in windows))
        path = self._folder / "all.users"
        self._save(full, path, full=True)
        self._full_list = path
        return path

    def _save(self, window: Window, path: Path, *, full: bool = False) -> bool:
        """Write a list; False, with the list unfinished, at the first sign of no filter."""
        # An error leaves no list that another stream would take for a whole one.
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            is_whole = self._write(window, file, full=full)
        if is_whole:
            unfinished.rename(path)
        return is_whole

    def _write(self, window: Window, file: BinaryIO, *, full: bool) -> bool:
        """Write the users of a window; in halves where the service does not list all of them."""
        params = {
            "updated_from": format_request_time(window.start - MARGIN),
            "updated_to": format_request_time(window.end + MARGIN),
        }
        users = pagination.PagedList(self._client, "/users", "users", params)
        start = file.tell()
        try:
            for page in users.pages_backwards(changed_at):
                if not full and any(_is_outside_window(user, window) for user in page):
                    return False
                file.writelines(msgspec.json.encode(user) + b"\n" for user in page)
        except IncompleteListError as error:
            # Where the filter is not obeyed, a shorter window lists the same users.
            if full or window.end - window.start <= MIN_WINDOW:
                raise IncompleteListError(f"{error} Users changed in {window}.") from None
            file.seek(start)
            file.truncate()
            return all(self._write(half, file, full=False) for half in window.halves())
        return True

    def _path(self, window: Window) -> Path:
        return self._folder / f"{window.start:%Y%m%dT%H%M%S%f}-{window.end:%Y%m%dT%H%M%S%f}.users"


def _is_outside_window(user: dict[str, Any], window: Window) -> bool:
    earliest, latest = window.start - FILTER_TOLERANCE, window.end + FILTER_TOLERANCE
    changed = changed_at(user)
    return changed is not None and not earliest <= changed <= latest


def _deduplicated(users: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The users without those seen shortly before, which pages that shift repeat."""
    seen: BoundedCache[None] = BoundedCache(MAX_SEEN_IDS)
    for user in users:
        if user["id"] not in seen:
            seen[user["id"]] = None
            yield user
