"""How an answer leaves a far end: whole, or as broken networks and busy hosts let it out."""

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

# Between two drips, and how many there are.
DRIP_SECONDS = 0.01
DRIPS = 4
# Nobody waits longer for the rest of an answer; who gives up earlier is noticed at once.
PATIENCE_SECONDS = 5.0


class Form(Enum):
    """What becomes of an answer on its way."""

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
    """Let an answer out; whoever asked may have gone meanwhile.

    Args:
        handler: Of the request that is answered.
        status: HTTP status.
        headers: All of them but `Content-Length`.
        body: The whole body.
        form: How it leaves.
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
