"""Message content: text, images, files, buttons and cards."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from freshchat_sandbox.account import sample_text
from freshchat_sandbox.account.conversation_events import NORMAL, PRIVATE
from freshchat_sandbox.account.staff import COMPANY

if TYPE_CHECKING:
    from freshchat_sandbox.account.conversation_events import ConversationEvent

# `detailed_message_type` as an export of a live account has it.
_DETAILED_TYPES = {NORMAL: "NORMAL", PRIVATE: "PRIVATE_NOTE"}
_FILES = "https://sandbox-files.freshchat.example"


def message_parts(event: ConversationEvent) -> list[dict[str, Any]]:
    """Return the `message_parts` of a message; each element has exactly one variant."""
    return _parts(event.content_kind, event.text)


@lru_cache(maxsize=1024)
def parts_text(content_kind: str, text: str | None) -> str:
    """Return the `message_parts` as a JSON string, as in transcripts."""
    return json.dumps(_parts(content_kind, text), ensure_ascii=False, separators=(",", ":"))


def _parts(content_kind: str, text: str | None) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if content_kind == "email":
        parts.append({"email": {"subject": f"{COMPANY}: your request", "content": text}})
    elif text is not None:
        parts.append({"text": {"content": text}})
    extra = _PARTS_BY_KIND.get(content_kind)
    return parts if extra is None else [*parts, extra]


def reply_parts(event: ConversationEvent) -> list[dict[str, Any]] | None:
    """Return the quick replies that a message offers, or None."""
    if event.content_kind != "buttons":
        return None
    buttons = [
        {"quick_reply_button": {"label": topic, "custom_reply_text": topic, "payload": f"t{n}"}}
        for n, topic in enumerate(sample_text.TOPICS)
    ]
    return [{"collection": {"sub_parts": buttons}}]


def image_url(event: ConversationEvent) -> str | None:
    """Return the URL of the image in a message, or None."""
    return IMAGE_URL if event.content_kind in ("image", "image_only") else None


IMAGE_URL = f"{_FILES}/img/b7/shade.jpg"
_IMAGE = {
    "image": {
        "url": IMAGE_URL,
        "thumbnail": {"url": f"{_FILES}/img/b7/shade_s.jpg"},
        "content_type": "image/jpeg",
    }
}
_PARTS_BY_KIND: dict[str, dict[str, Any]] = {
    "image": _IMAGE,
    "image_only": _IMAGE,
    "file": {
        "file": {
            "name": "Rechnung März, Kopie.pdf",
            "url": f"{_FILES}/doc/11/rechnung.pdf",
            "file_size_in_bytes": 48_213,
            "content_type": "application/pdf",
            "file_extension": "pdf",
            "fileSource": "FRESHCHAT",
        }
    },
    "link": {
        "url_button": {
            "label": "Track the parcel",
            "url": "https://lantern-and-loom.example/track?id=LL-20417&lang=en",
            "target": "_blank",
        }
    },
    "carousel": {
        "template_content": {
            "type": "carousel",
            "sections": [
                {"name": name, "parts": [{"callback": {"label": "Choose", "payload": f"c{n}"}}]}
                for n, name in enumerate(sample_text.CAROUSEL)
            ],
        }
    },
}


def detailed_type(event: ConversationEvent) -> str:
    """Return the `detailed_message_type` of a message; system messages name their change."""
    if event.message_type in _DETAILED_TYPES:
        return _DETAILED_TYPES[event.message_type]
    if "isResolved" in event.detail:
        return "STATUS_CHANGE_RESOLVED"
    return "STATUS_CHANGE_REOPENED" if "isReopen" in event.detail else "STATUS_CHANGE_ASSIGNED"
