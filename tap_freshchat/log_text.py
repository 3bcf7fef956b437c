"""Text for logs and errors: one bounded line without control characters or secrets. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

# Enough for a trace id or a short reason of the service.
MAX_QUOTED_CHARACTERS = 200
REDACTED = "[redacted]"
# A shorter token, which only a test has, is part of ordinary words.
_MIN_TOKEN_CHARACTERS = 8
_AUTHORIZATION = re.compile(
    r"(authorization\W{1,9}(?:(?:bearer|basic)\s+)?|\bbearer\s+)[^\s\"',;\\]+", re.IGNORECASE
)
_QUERY = re.compile(r"\?[^\s\"'<>]+")
# Parameters of signed links: AWS, CloudFront, Google and Azure.
_SIGNED = re.compile(
    r"[?&](?:[\w.-]*(?:signature|credential|token|keyid)|sig|policy)=", re.IGNORECASE
)


def excerpt(text: str, limit: int = MAX_QUOTED_CHARACTERS) -> str:
    """Text of the service as part of a line: printable characters only, at most `limit`."""
    return "".join(filter(str.isprintable, text[: 4 * limit]))[:limit]


def redact(text: str, tokens: Iterable[str]) -> str:
    """Text without the tokens, Authorization headers and the queries of signed links."""
    for token in tokens:
        if len(token) >= _MIN_TOKEN_CHARACTERS:
            text = text.replace(token, REDACTED).replace(quote(token, safe=""), REDACTED)
    text = _AUTHORIZATION.sub(rf"\1{REDACTED}", text)
    return _QUERY.sub(_redact_query, text)


def printable(text: str) -> str:
    """Text without control characters other than tabs and ends of lines."""
    if text.isprintable():
        return text
    return "".join(each for each in text if each.isprintable() or each in "\n\t")


def _redact_query(query: re.Match[str]) -> str:
    return f"?{REDACTED}" if _SIGNED.search(query[0]) else query[0]
