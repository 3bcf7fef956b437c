"""Connection errors that waiting cannot cure, with the setting to change."""

from __future__ import annotations

import ssl
from http.client import HTTPException
from typing import TYPE_CHECKING

from requests import exceptions
from urllib3.exceptions import HTTPError, LocationValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a request may raise: requests lets some errors of the layers below through.
CONNECTION_ERRORS = (OSError, HTTPError, HTTPException, UnicodeError)

# OpenSSL's names for a response that is not TLS.
_NO_TLS_REASONS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE")

_PASSING_PROXY = tuple(f"Tunnel connection failed: {status}" for status in (500, 502, 503, 504))
_NO_BUNDLE = "CA certificate"

_CERTIFICATE = (
    "the certificate of api_url's host is not trusted; if a proxy or a private authority issues "
    "certificates, name its CA bundle in the environment variable REQUESTS_CA_BUNDLE"
)
_CA_BUNDLE = (
    "the CA bundle cannot be read; check the path in the environment variable REQUESTS_CA_BUNDLE"
)
_NOT_TLS = "api_url's host does not use TLS on this port; check scheme and port of api_url"
_PROXY = (
    "the proxy refuses the connection, or is not reachable; check the environment variables "
    "HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
)
_PROXY_URL = (
    "the URL of the proxy is not supported; check the environment variables HTTPS_PROXY and "
    "HTTP_PROXY"
)
_URL = "a URL is not valid; check api_url, and the environment variables HTTPS_PROXY and HTTP_PROXY"


def permanent_cause(error: Exception) -> str | None:
    """Return what is wrong and what to change; None if the next attempt may succeed.

    Quotes nothing of the error, whose text may hold a URL or a key.
    """
    chain = list(_chain(error))
    is_certificate = any(isinstance(each, ssl.SSLCertVerificationError) for each in chain)
    is_not_tls = any(
        isinstance(each, ssl.SSLError) and getattr(each, "reason", None) in _NO_TLS_REASONS
        for each in chain
    )
    # A gateway's error is a passing one.
    is_proxy = isinstance(error, exceptions.ProxyError) and not any(
        passing in str(error) for passing in _PASSING_PROXY
    )
    # The scheme of api_url is checked with the settings, so it is the proxy's (SOCKS).
    is_proxy_url = isinstance(error, (exceptions.InvalidProxyURL, exceptions.InvalidSchema))
    is_url = isinstance(error, (exceptions.InvalidURL, LocationValueError, UnicodeError))
    # requests raises a plain OSError for it.
    is_ca_bundle = not isinstance(error, exceptions.RequestException) and _NO_BUNDLE in str(error)
    causes = {
        _CERTIFICATE: is_certificate,
        _CA_BUNDLE: is_ca_bundle,
        _NOT_TLS: is_not_tls,
        _PROXY: is_proxy,
        _PROXY_URL: is_proxy_url,
        _URL: is_url,
    }
    return next((text for text, applies in causes.items() if applies), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it wraps; urllib3 passes them as arguments or `reason`."""
    seen: set[int] = set()
    rest: list[object] = [error]
    while rest:
        each = rest.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            rest += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
