"""Rate-limit shares: the limits of an account, divided among the slots of its pool; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.dagster.accounts import Account


class ShareError(ValueError):
    """There are too many slots for the limits; the message says what to change."""


@dataclass(frozen=True, kw_only=True)
class RateLimitShare:
    """The requests and report jobs that one run may make."""

    requests_per_minute: int
    report_jobs_per_minute: int

    @property
    def cooldown_seconds(self) -> float:
        """Seconds for which the slot must stay taken after a run.

        The next run does not know when this one sent its last request or job, and sends its own at
        once.
        """
        return 60 / min(self.requests_per_minute, self.report_jobs_per_minute)


def share_of(account: Account, slots: int) -> RateLimitShare:
    """The share of each of several concurrent runs that together stay within the limits.

    Raises:
        ShareError: a share would be less than one a minute.
    """
    share = RateLimitShare(
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
