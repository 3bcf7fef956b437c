"""Check of the token after a failed request. A wrong token ends the examination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_freshchat.errors import AuthorizationError, FreshchatError

if TYPE_CHECKING:
    from tap_freshchat.run_context import RunContext


def raise_if_token_is_wrong(run: RunContext, error: FreshchatError) -> None:
    """Raise AuthorizationError if the cheapest request is not authorized either.

    A web page in place of one response costs that response only.
    """
    if not isinstance(error, AuthorizationError) or error.forbidden:
        return
    try:
        run.check_service()
    except AuthorizationError as refused:
        if not refused.forbidden:
            raise
    except FreshchatError:
        # It does not respond, so it does not refuse the token.
        return
