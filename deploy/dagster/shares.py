"""How an account's limits are divided among the slots of its pool. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.dagster.accounts import Account


class ShareError(ValueError):
    """The slots are too many to divide the limits among; the text says what to change."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one run may ask of its account."""

    requests_per_minute: int
    report_jobs_per_minute: int

    @property
    def rest(self) -> float:
        """Seconds after a run in which its slot must stay taken.

        The next run does not know when this one sent its last request or its last job, and would
        send its own at once.
        """
        return 60 / min(self.requests_per_minute, self.report_jobs_per_minute)


def share_of(account: Account, slots: int) -> Share:
    """What each of so many runs at once may ask, so that together they stay within the limits.

    Raises:
        ShareError: there is less than one a minute for each.
    """
    share = Share(
        requests_per_minute=account.requests_per_minute // slots,
        report_jobs_per_minute=account.report_jobs_per_minute // slots,
    )
    if not (share.requests_per_minute and share.report_jobs_per_minute):
        least = min(account.requests_per_minute, account.report_jobs_per_minute)
        raise ShareError(
            f"Pool {account.pool} has {slots} slots, but account {account.name} allows "
            f"{account.requests_per_minute} requests and {account.report_jobs_per_minute} jobs of "
            f"a report a minute; give the pool at most {least}."
        )
    return share
