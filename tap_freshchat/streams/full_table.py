"""Base of the streams that are read completely on every run, via REST."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.api import pagination
from tap_freshchat.conform import conform_record
from tap_freshchat.streams.base import FreshchatStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class FullTableStream(FreshchatStream):
    """Stream of one list. A subclass says where its items are."""

    @abstractmethod
    def items(self) -> Iterable[Mapping[str, Any]]:
        """The items as the service returns them."""

    @override
    def build_records(self) -> Iterator[dict[str, Any]]:
        properties = self.schema["properties"]
        return self.in_shard(conform_record(item, properties) for item in self.items())

    def paginate(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        """Items of a paged list, each once even if pages shift."""
        seen = set()
        page_size = self.run.config.page_size
        for item in pagination.paginate(self.run.client, path, key, page_size=page_size):
            if item["id"] not in seen:
                seen.add(item["id"])
                yield item
