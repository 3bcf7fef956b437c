"""Which modules are mutated, and which test modules have to tell."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# In a module with an edge, only the functions that are pure.
PURE = {
    "target_segment/delivery/batch_sender.py": ("backoff_seconds", "BatchSender.send"),
}

_MAPPING = ("test_mapping", "test_presets", "test_guide")
_TARGET = {
    "mapping/stream_mapping": _MAPPING,
    "mapping/expressions": _MAPPING,
    "mapping/properties": _MAPPING,
    "mapping/redaction": _MAPPING,
    "mapping/reserved_names": _MAPPING,
    "mapping/message_ids": ("test_message_ids", "test_mapping"),
    "delivery/batching": ("test_batching",),
    "segment_spec": ("test_mapping", "test_message_ids", "test_segment_spec"),
    "truncation": ("test_truncation",),
    "delivery/rate_limiter": ("test_rate_limiter",),
    "mapping/routing": ("test_presets", "test_guide", "test_config", "test_routing"),
    "mapping/compiler": _MAPPING,
    "delivery/responses": ("test_responses",),
    "delivery/refusals": ("test_delivery_queue",),
    "delivery/connection_errors": ("test_client",),
    "receiver": ("test_config",),
    "run_summary": ("test_run_summary",),
    "delivery/batch_sender": ("test_delivery_queue", "test_client"),
}
_TAP = {
    "times": ("test_times", "test_conform"),
    "windows": ("test_windows",),
    "reports/catalog": ("test_windows",),
    "bookmarks": ("test_bookmarks",),
    "api/rate_limiting": ("test_rate_limiting", "test_response_headers", "test_client"),
    "api/status_errors": ("test_status_errors",),
    "api/pagination": ("test_pagination",),
    "activity/conversation_state": ("test_conversation_state", "test_activity"),
    "activity/conversation_history": ("test_conversation_state",),
    "activity/event_log": ("test_event_log",),
    "activity/message_history": ("test_message_history", "test_interaction_starts"),
    "activity/interaction_starts": ("test_interaction_starts", "test_activity"),
    "activity/events": ("test_activity",),
    "activity/transcript_rows": ("test_transcript_rows",),
    "ids": ("test_sharding",),
    "payloads/statistics": ("test_message_history",),
    "payloads/associations": ("test_associations",),
    "activity/agent_status": ("test_activity",),
    "pii": ("test_pii",),
}

CORES = {
    **{f"target_segment/{m}.py": [f"tests/target/{t}.py" for t in ts] for m, ts in _TARGET.items()},
    **{f"tap_freshchat/{m}.py": [f"tests/tap/{t}.py" for t in ts] for m, ts in _TAP.items()},
}
