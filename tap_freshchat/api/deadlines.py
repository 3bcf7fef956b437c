"""Transport adapter with one deadline for a whole response, and with a check of addresses.

The read timeout of a request counts for its whole response: status lines, headers and body. A body
earns more time with what it brings, so that a large file on a slow line is still read.
"""

from __future__ import annotations

import io
import ipaddress
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Protocol

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

if TYPE_CHECKING:
    import socket

# A body slower than this on average ends with the timeout: 2 GB take nine hours.
MIN_BYTES_PER_SECOND = 64 * 1024


class _Socket(Protocol):
    def settimeout(self, value: float | None) -> None: ...


class DeadlineReader(io.RawIOBase):
    """Reader of a socket that sets the time left, in seconds, before every read.

    Raises TimeoutError once no time is left.
    """

    def __init__(self, raw: io.RawIOBase, sock: _Socket, seconds: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = time.monotonic() + seconds
        # Headers earn no time: a server can send "100 Continue" without end.
        self.in_body = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read into `buffer`; returns the number of bytes."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response took too long")
        self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        if self.in_body and count:
            self._deadline += count / MIN_BYTES_PER_SECOND
        return count

    def close(self) -> None:
        """Close the socket's file."""
        self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    """Response of the standard library that reads through a DeadlineReader."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        seconds = sock.gettimeout()
        self._reader: DeadlineReader | None = None
        if seconds is not None:
            self.fp.close()
            self._reader = DeadlineReader(sock.makefile("rb", buffering=0), sock, seconds)
            self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read the status line and the headers."""
        super().begin()
        if self._reader:
            self._reader.in_body = True


class _Connection(HTTPConnection):
    response_class = _DeadlineResponse


class _SecureConnection(HTTPSConnection):
    response_class = _DeadlineResponse


class _PublicSecureConnection(_SecureConnection):
    """Connection to a public address only, also if a name resolves to another."""

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        # A proxy may have a private address, and resolves the name itself.
        if self.proxy is None and not is_public(sock.getpeername()[0]):
            sock.close()
            raise NewConnectionError(self, "the host has no public address")
        return sock


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _PublicSecurePool(HTTPSConnectionPool):
    ConnectionCls = _PublicSecureConnection


class DeadlineAdapter(HTTPAdapter):
    """Transport adapter whose read timeout is the deadline of a whole response.

    `public_only`: https connections to private, loopback or link-local addresses fail.
    """

    def __init__(self, *, public_only: bool = False) -> None:
        secure = _PublicSecurePool if public_only else _SecurePool
        self._pools: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": secure}
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Create the manager of direct connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """Return the manager of connections through a proxy."""
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager


def is_public(address: str) -> bool:
    """Whether an IP address is on the public Internet; True for a name."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    return (getattr(ip, "ipv4_mapped", None) or ip).is_global
