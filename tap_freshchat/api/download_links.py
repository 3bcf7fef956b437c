"""Check and decoding of report downloads: which links are fetched, and what their bodies are."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from tap_freshchat.api.deadlines import is_public
from tap_freshchat.errors import FreshchatError, RetryableError
from tap_freshchat.log_text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
_GZIP_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 256 * 1024


def check_link(base_url: str, link: str) -> str:
    """The URL of a link, joined to the API's host if it is relative.

    Raises:
        FreshchatError: it is not https, or its host is private. Plain http and loopback are
            for an API on loopback only. The host of `base_url` itself is always allowed.
    """
    try:
        url = urljoin(base_url, link.strip())
        target, base = urlsplit(url), urlsplit(base_url)
        host, _ = target.hostname or "", target.port
    except ValueError:
        raise FreshchatError("The download link of a report is not a URL.") from None
    if target[:2] == base[:2]:
        return url
    is_loopback = host in LOOPBACK_HOSTS
    if is_loopback and base.hostname in LOOPBACK_HOSTS and target.scheme in {"http", "https"}:
        return url
    if target.scheme != "https" or not host:
        raise FreshchatError(
            f"The download link of a report is not https, but {excerpt(target.scheme) or 'empty'}. "
            f"It was not opened. Ask Freshchat's support."
        )
    if is_loopback or host.endswith(".localhost") or not is_public(host):
        raise FreshchatError(
            f"The download link of a report names a private host ({excerpt(host)}). It was not "
            f"opened. Ask Freshchat's support."
        )
    return url


def decode_body(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """A body without its compression; as it is if it is not what its `Content-Encoding` says.

    RetryableError if the compressed body is damaged.
    """
    first = next(chunks, b"")
    if "gzip" not in encoding.lower() or not first.startswith(_GZIP_MAGIC):
        yield first
        yield from chunks
        return
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        while first:
            # In pieces, because a few bytes can unpack to any size.
            yield unpack.decompress(first, _PIECE_BYTES)
            first = unpack.unconsumed_tail or next(chunks, b"")
        yield unpack.flush()
    except zlib.error:
        raise RetryableError("A compressed response is damaged.") from None
    if not unpack.eof:
        raise RetryableError("A compressed response is truncated.")
