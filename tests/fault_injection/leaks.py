"""Leak scan: searches the output of a run for secrets and personal data; pure."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Shorter texts of messages ("Thank you!") are words that a log may hold by chance.
SHORTEST_TEXT = 15
_PERSONAL = {"email", "phone", "phone_number"}


class LeakScan:
    """The texts that no output may contain.

    Args:
        secrets: Token and write key, by name.
        texts: Texts of messages.
        responses: JSON responses of the service, for their e-mail addresses and phone numbers.
    """

    def __init__(
        self,
        secrets: Mapping[str, str],
        texts: Iterable[str],
        responses: Iterable[bytes],
    ) -> None:
        self._searched: dict[str, str] = {}
        for name, secret in secrets.items():
            self._add(name, secret)
            self._add(name, base64.b64encode(f"{secret}:".encode()).decode())
        for text in texts:
            if len(text) > SHORTEST_TEXT:
                self._add("a message's text", text)
        self.personal = 0
        for response in responses:
            try:
                found = list(_personal(json.loads(response)))
            except ValueError:
                continue
            for text in found:
                self.personal += 1
                self._add("an e-mail or a phone", text)

    def __len__(self) -> int:
        return len(self._searched)

    def leaks(self, where: str, text: str) -> Iterator[str]:
        """The kinds of secrets found in a text, one line each, without the secret."""
        for name in sorted({name for searched, name in self._searched.items() if searched in text}):
            yield f"{where} holds {name}"

    def _add(self, name: str, text: str) -> None:
        # As it is, as JSON, as JSON in ASCII, and as Python shows it.
        for form in (text, json.dumps(text, ensure_ascii=False), json.dumps(text), repr(text)):
            quoted = form is not text
            self._searched[form[1:-1] if quoted else form] = name


def _personal(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name in _PERSONAL and isinstance(each, str) and each:
                yield each
            else:
                yield from _personal(each)
    elif isinstance(value, list):
        for each in value:
            yield from _personal(each)
