"""Which modules are mutated, and which test modules have to tell."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# In a module with an edge, only the functions that are pure.
PURE = {
    "target_segment/sending.py": ("pause_after", "Sender.send"),
}

_MAPPING = ("test_mapping", "test_presets", "test_guide")
_TARGET = {
    "mapping": _MAPPING,
    "values": _MAPPING,
    "properties": _MAPPING,
    "reserved_names": _MAPPING,
    "occurrences": _MAPPING,
    "message_ids": ("test_message_ids", "test_mapping"),
    "batching": ("test_batching",),
    "events": ("test_mapping", "test_message_ids", "test_events"),
    "truncation": ("test_truncation",),
    "pacing": ("test_pacing",),
    "routing": ("test_presets", "test_guide", "test_settings", "test_routing"),
    "stream_settings": _MAPPING,
    "answers": ("test_answers",),
    "sending": ("test_delivery", "test_client"),
}
_TAP = {
    "times": ("test_times", "test_shaping"),
    "windows": ("test_windows",),
    "bookmarks": ("test_bookmarks",),
    "rate_limiting": ("test_rate_limiting", "test_client"),
    "pagination": ("test_pagination",),
    "timelines": ("test_timelines", "test_activity"),
    "dialogue": ("test_dialogue", "test_beginnings"),
    "beginnings": ("test_beginnings", "test_activity"),
    "activity": ("test_activity",),
    "transcripts": ("test_transcripts",),
    "shards": ("test_owners",),
    "statistics": ("test_dialogue",),
    "associations": ("test_associations",),
    "agent_activity": ("test_activity",),
    "privacy": ("test_privacy",),
}

CORES = {
    **{f"target_segment/{m}.py": [f"tests/target/{t}.py" for t in ts] for m, ts in _TARGET.items()},
    **{f"tap_freshchat/{m}.py": [f"tests/tap/{t}.py" for t in ts] for m, ts in _TAP.items()},
}
