"""The shapes of message content: text, pictures, files, buttons and cards."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from freshchat_sandbox.desk import phrases
from freshchat_sandbox.desk.staff import COMPANY

if TYPE_CHECKING:
    from freshchat_sandbox.desk.lives import Moment

_FILES = "https://sandbox-files.freshchat.example"


def parts_of(moment: Moment) -> list[dict[str, Any]]:
    """Return the `message_parts` of a message; each element has exactly one variant."""
    return _parts(moment.form, moment.text)


@lru_cache(maxsize=1024)
def parts_text(form: str, text: str | None) -> str:
    """Return the `message_parts` as JSON text, as transcripts print them."""
    return json.dumps(_parts(form, text), ensure_ascii=False, separators=(",", ":"))


def _parts(form: str, text: str | None) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if form == "email":
        parts.append({"email": {"subject": f"{COMPANY}: your request", "content": text}})
    elif text is not None:
        parts.append({"text": {"content": text}})
    more = _MORE.get(form)
    return parts if more is None else [*parts, more]


def reply_parts_of(moment: Moment) -> list[dict[str, Any]] | None:
    """Return the answers that a message offers, or None."""
    if moment.form != "buttons":
        return None
    buttons = [
        {"quick_reply_button": {"label": topic, "custom_reply_text": topic, "payload": f"t{n}"}}
        for n, topic in enumerate(phrases.TOPICS)
    ]
    return [{"collection": {"sub_parts": buttons}}]


def image_url_of(moment: Moment) -> str | None:
    """Return the address of the picture in a message, or None."""
    return IMAGE_URL if moment.form in ("image", "image_only") else None


IMAGE_URL = f"{_FILES}/img/b7/shade.jpg"
_IMAGE = {
    "image": {
        "url": IMAGE_URL,
        "thumbnail": {"url": f"{_FILES}/img/b7/shade_s.jpg"},
        "content_type": "image/jpeg",
    }
}
_MORE: dict[str, dict[str, Any]] = {
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
                for n, name in enumerate(phrases.CAROUSEL)
            ],
        }
    },
}
