"""Samples of the preview: one event of each name, with the source of each part."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import msgspec

from target_segment.json_codec import decode, encode
from target_segment.preview.tables import section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_segment.preview.explanation import Explanation
    from target_segment.preview.statistics import Preview
    from target_segment.segment_spec import Event

_UNEXPLAINED = "from a dead letter"


def samples_section(preview: Preview) -> str:
    """Return the section of the first event of each name."""
    parts = [
        _sample(name, event, preview.explanations.get(event.stream), is_open=not index)
        for index, (name, event) in enumerate(preview.samples.items())
    ]
    return section(
        "A sample of each event",
        "The first one of each name, part by part, and where each part comes from.",
        "".join(parts),
    )


def _sample(name: str, event: Event, explanation: Explanation | None, *, is_open: bool) -> str:
    content = decode(event.payload)
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(path)}</code></th><td>{_value(value)}</td>'
        f"<td>{escape(source)}</td></tr>"
        for path, value, source in _parts(content, explanation)
    )
    return (
        f"<details{' open' if is_open else ''}><summary>{escape(name)} "
        f'<span class="soft">from stream {escape(event.stream)}, '
        f"{len(event.payload):,} bytes</span></summary>"
        '<table class="sample"><thead><tr><th scope="col">Part</th><th scope="col">Value</th>'
        f'<th scope="col">Where it comes from</th></tr></thead><tbody>{rows}</tbody></table>'
        f"<details><summary>As JSON</summary><pre>{_pretty(content)}</pre></details></details>"
    )


def _parts(
    content: dict[str, Any], explanation: Explanation | None
) -> Iterator[tuple[str, Any, str]]:
    for name, value in content.items():
        if name in ("properties", "traits") and isinstance(value, dict):
            for inner, found in value.items():
                source = explanation.of_property(inner) if explanation else _UNEXPLAINED
                yield f"{name}.{inner}", found, source
        else:
            yield name, value, explanation.parts.get(name, "") if explanation else _UNEXPLAINED


def _value(value: Any) -> str:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, (dict, list)) and value:
        return f"<pre>{_pretty(value)}</pre>"
    return f"<code>{escape(encode(value).decode())}</code>"


def _pretty(value: Any) -> str:
    return escape(msgspec.json.format(encode(value), indent=2).decode())
