"""Search of GET /users: the users that match its mandatory filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshchat_sandbox.http_messages import ApiError
from freshchat_sandbox.views.metrics import time_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.account.customers import Customer
    from freshchat_sandbox.http_messages import Request

_TIMES = ("created_from", "created_to", "updated_from", "updated_to")
_TEXTS = ("email", "reference_id", "first_name", "last_name", "phone")


def find_users(account: SandboxAccount, request: Request, now: int) -> list[Customer]:
    """Return the users that match every filter; time bounds are inclusive.

    Raises:
        ApiError: 400 without any filter, or with an invalid time.
    """
    texts = {name: value for name in _TEXTS if (value := request.parameter(name))}
    times = {name: time_parameter(request, name) for name in _TIMES if request.parameter(name)}
    if not texts and not times:
        raise ApiError(400, "INVALID_VALUE", "At least one filter is mandatory")
    bounds = {
        name: value
        for name, value in times.items()
        if value is not None and (account.readings.user_filter or not name.startswith("updated"))
    }
    return [
        customer
        for customer in _candidates(account, texts, bounds, now)
        if customer.exists(now)
        and all(getattr(customer, name) == value for name, value in texts.items())
        and _in_time(account, customer, bounds, now)
    ]


def _candidates(
    account: SandboxAccount, texts: dict[str, str], bounds: dict[str, int], now: int
) -> Iterable[Customer]:
    if "reference_id" in texts:
        found = account.customers.with_reference(texts["reference_id"])
        return [found] if found else []
    if "email" in texts:
        found = account.customers.with_email(texts["email"])
        return [found] if found else []
    # Who was created and last changed after both lower bounds has changed after the later one.
    start = max(
        account.origin, *(value for name, value in bounds.items() if name.endswith("from")), 0
    )
    end = min(now, *(value for name, value in bounds.items() if name.endswith("to")), now)
    if start > end:
        return ()
    changed = {customer.key: customer for customer in account.customers_changed(start, end)}
    if account.readings.user_updates in {"message", "activity"}:
        for timeline in account.conversations(start, end + 1):
            changed[timeline.customer_key] = account.customers.get(timeline.customer_key)
    return changed.values()


def _in_time(account: SandboxAccount, customer: Customer, bounds: dict[str, int], now: int) -> bool:
    seen = {"created": customer.created, "updated": account.user_updated(customer, now)}
    for name, bound in bounds.items():
        value = seen[name.partition("_")[0]]
        if value < bound if name.endswith("from") else value > bound:
            return False
    return True
