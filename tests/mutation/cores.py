"""Which modules are mutated, and which test modules have to tell."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# In a module with an edge, only the functions that are pure.
PURE = {
    "target_segment/sending/sender.py": ("pause_after", "Sender.send"),
}

_MAPPING = ("test_mapping", "test_presets", "test_guide")
_TARGET = {
    "mapping/stream_mapping": _MAPPING,
    "mapping/values": _MAPPING,
    "mapping/properties": _MAPPING,
    "mapping/edits": _MAPPING,
    "mapping/reserved_names": _MAPPING,
    "mapping/occurrences": _MAPPING,
    "mapping/message_ids": ("test_message_ids", "test_mapping"),
    "sending/batching": ("test_batching",),
    "events": ("test_mapping", "test_message_ids", "test_events"),
    "truncation": ("test_truncation",),
    "sending/pacing": ("test_pacing",),
    "mapping/routing": ("test_presets", "test_guide", "test_settings", "test_routing"),
    "mapping/stream_settings": _MAPPING,
    "sending/answers": ("test_answers",),
    "sending/sender": ("test_delivery", "test_client"),
}
_TAP = {
    "times": ("test_times", "test_shaping"),
    "windows": ("test_windows",),
    "reports/limits": ("test_windows",),
    "bookmarks": ("test_bookmarks",),
    "api/clock_skew": ("test_clock_skew",),
    "api/rate_limiting": ("test_rate_limiting", "test_client"),
    "api/verdicts": ("test_verdicts",),
    "api/pagination": ("test_pagination",),
    "activity/timelines": ("test_timelines", "test_activity"),
    "activity/dialogue": ("test_dialogue", "test_beginnings"),
    "activity/beginnings": ("test_beginnings", "test_activity"),
    "activity/occurrences": ("test_activity",),
    "activity/transcripts": ("test_transcripts",),
    "shards": ("test_owners",),
    "payloads/statistics": ("test_dialogue",),
    "payloads/associations": ("test_associations",),
    "activity/agents": ("test_activity",),
    "privacy": ("test_privacy",),
}

CORES = {
    **{f"target_segment/{m}.py": [f"tests/target/{t}.py" for t in ts] for m, ts in _TARGET.items()},
    **{f"tap_freshchat/{m}.py": [f"tests/tap/{t}.py" for t in ts] for m, ts in _TAP.items()},
}
