"""An embedded Freshchat: a made-up support desk behind the real service's v2 surface.

It imports nothing from the rest of the tap, so that it judges it independently.
"""

from __future__ import annotations

from .adapter import SandboxAdapter
from .clock import SandboxClock
from .exchange import API_HOST, EXTRACT_HOST, Request, Response
from .options import Options
from .server import serve
from .service import Sandbox
from .truth import Occurrence

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
