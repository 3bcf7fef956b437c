"""An embedded Freshchat: a made-up support desk behind the real service's v2 surface.

It imports nothing from the rest of the tap, so that it judges it independently.
"""

from __future__ import annotations

from tap_freshchat.sandbox.clock import SandboxClock
from tap_freshchat.sandbox.desk.truth import Occurrence
from tap_freshchat.sandbox.exchange import API_HOST, EXTRACT_HOST, Request, Response
from tap_freshchat.sandbox.options import Options
from tap_freshchat.sandbox.service import Sandbox
from tap_freshchat.sandbox.transport.adapter import SandboxAdapter
from tap_freshchat.sandbox.transport.server import serve

__all__ = [
    "API_HOST",
    "EXTRACT_HOST",
    "Occurrence",
    "Options",
    "Request",
    "Response",
    "Sandbox",
    "SandboxAdapter",
    "SandboxClock",
    "serve",
]
