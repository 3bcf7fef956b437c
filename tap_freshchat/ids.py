"""Stable ids for things without one: the same on every run and from every source. Pure."""

from __future__ import annotations

import hashlib


def stable_id(*parts: str) -> str:
    """A stable id from parts: 32 hexadecimal digits, different for any other list of parts."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
