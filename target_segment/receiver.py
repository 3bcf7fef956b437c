"""Receiver of the events: its address, its headers, and where its write key is looked up."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import requests

from target_segment.config_schema import API_URLS, CDN_URL
from target_segment.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Hosts of Segment's HTTP API and CDN (segment.com docs, "HTTP API" and "Regional Segment").
_SEGMENT_DOMAINS = (".segment.io", ".segment.com", ".segmentapis.com")

# RFC 9110, section 5.6.2 (names); values are visible ASCII, which every receiver reads alike.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
# They describe the body and the connection, or count attempts.
_OWN_HEADERS = frozenset(
    {
        *("connection", "content-encoding", "content-length", "content-type", "host"),
        *("transfer-encoding", "x-retry-count"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Where events are sent; `api_url` is without `/batch`.

    `is_segment` says that only Segment's acknowledgement counts. `key_check_url` is None without a
    check of the write key.
    """

    api_url: str
    is_segment: bool
    headers: Mapping[str, str] = field(repr=False)
    key_check_url: str | None = field(repr=False)


def parse_receiver(config: Mapping[str, Any], write_key: str | None) -> Receiver:
    """Check the settings of the receiver; raises `MappingError` that names one of them."""
    is_http_allowed = config["allow_http"]
    api_url = _parse_url(
        "api_url", config.get("api_url") or API_URLS[config["region"]], is_http_allowed
    )
    is_segment = _is_segment(api_url)
    key_check_url = None
    # Segment's CDN does not know the keys of other receivers.
    cdn_url = config.get("cdn_url") or (CDN_URL if is_segment else None)
    if write_key and cdn_url and config["check_write_key"] and not config["dry_run"]:
        cdn_url = _parse_url("cdn_url", cdn_url, is_http_allowed)
        key_check_url = f"{cdn_url}/v1/projects/{quote(write_key, safe='')}/settings"
    return Receiver(
        api_url=api_url,
        is_segment=is_segment,
        headers=_check_headers(config["headers"]),
        key_check_url=key_check_url,
    )


def _parse_url(name: str, text: str, is_http_allowed: bool) -> str:  # noqa: FBT001 - internal
    url = text.strip().rstrip("/").removesuffix("/batch")
    try:
        parts = urlsplit(url)
        # The client is stricter about hosts and ports than urlsplit.
        requests.PreparedRequest().prepare_url(url, None)
        is_base = parts.scheme in ("http", "https") and parts.hostname and not parts.query
    except ValueError:
        is_base = False
    if not is_base or parts.username or any(map(str.isspace, url)):
        raise MappingError(f"{name}: must be a URL such as {API_URLS['us']}")
    if parts.scheme == "http" and not is_http_allowed and not _is_loopback(parts.hostname or ""):
        raise MappingError(
            f"{name}: http sends the write key and the events unencrypted; use https, or set "
            "allow_http: true"
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # RFC 6761, section 6.3: these names never leave the host.
        return host == "localhost" or host.endswith(".localhost")


def _is_segment(url: str) -> bool:
    return f".{urlsplit(url).hostname}".endswith(_SEGMENT_DOMAINS)


def _check_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    result = {}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise MappingError(
                "headers: a name is not valid, or is a header that the target itself sets, such "
                "as Content-Type"
            )
        # YAML reads a bare 1 as a number.
        text = str(value) if type(value) in (str, int) else ""
        if not _HEADER_VALUE.fullmatch(text):
            raise MappingError(f"headers: the value of {name} must be a line of ASCII text")
        result[name] = text
    return result
