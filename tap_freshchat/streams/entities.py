"""Full-table streams of the account's configuration and of its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.streams.base import FullTableStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from singer_sdk import Tap

    from tap_freshchat.run_context import RunContext


class EntityStream(FullTableStream):
    """Stream of one list of the account, which has the stream's name in the directory."""

    def __init__(self, tap: Tap, start_run: Callable[[], RunContext], name: str) -> None:
        self.name = name
        super().__init__(tap, start_run)

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        return self.run.directory.items(self.name).values()


class Account(FullTableStream):
    """The account's configuration."""

    name = "account"
    primary_keys = ("account_id",)

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        account = self.run.directory.account
        # A token without this right still reads all other streams.
        return [account] if account.get("account_id") is not None else []
