"""Embedded Freshchat: a synthetic account behind the v2 API of the real service.

It imports nothing of the tap or the target, so that it is an independent check of both.
"""

from __future__ import annotations

from freshchat_sandbox.account.ground_truth import GroundTruthEvent
from freshchat_sandbox.clock import SandboxClock
from freshchat_sandbox.http_messages import API_HOST, EXTRACT_HOST, Request, Response
from freshchat_sandbox.options import Options
from freshchat_sandbox.sandbox import Sandbox
from freshchat_sandbox.transport.adapter import SandboxAdapter
from freshchat_sandbox.transport.server import serve

__all__ = [
    "API_HOST",
    "EXTRACT_HOST",
    "GroundTruthEvent",
    "Options",
    "Request",
    "Response",
    "Sandbox",
    "SandboxAdapter",
    "SandboxClock",
    "serve",
]
