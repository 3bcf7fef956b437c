"""Faulty server: sends a response whole, or as broken networks and busy hosts do."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.server import BaseHTTPRequestHandler

# Seconds between the parts of a slow response, and their number.
DRIP_SECONDS = 0.01
DRIPS = 4
# A stalled response is closed after this long, or when the client disconnects.
PATIENCE_SECONDS = 5.0


class Form(Enum):
    """How a response is transmitted."""

    WHOLE = "whole"
    RESET = "reset"
    CUT = "cut"
    DRIPPING = "dripping"
    STALLED = "stalled"


def send(
    handler: BaseHTTPRequestHandler,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    form: Form = Form.WHOLE,
) -> None:
    """Send a response; the client may have disconnected.

    Args:
        handler: The handler of the request.
        status: HTTP status.
        headers: All of them but `Content-Length`.
        body: The whole body.
        form: How it is transmitted.
    """
    if form is Form.RESET:
        # A reset, not an orderly end.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        return
    handler.send_response_only(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    with contextlib.suppress(ConnectionError):
        handler.end_headers()
        half = len(body) // 2
        if form is Form.WHOLE:
            handler.wfile.write(body)
            return
        if form is Form.DRIPPING:
            step = len(body) // DRIPS + 1
            for at in range(0, len(body), step):
                time.sleep(DRIP_SECONDS)
                handler.wfile.write(body[at : at + step])
                handler.wfile.flush()
            return
        handler.close_connection = True
        handler.wfile.write(body[:half])
        handler.wfile.flush()
        if form is Form.STALLED:
            handler.connection.settimeout(PATIENCE_SECONDS)
            with contextlib.suppress(TimeoutError):
                handler.connection.recv(1)
