"""Dry-run pages: one of the sandbox, and some of hostile, rejected or no records."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[3]
BIN = ROOT / ".venv" / "bin"
# Were any of it markup, `document.hostile` would be set, or something asked for.
HOSTILE = (
    "</pre></table><script>document.hostile = 1</script>"
    "<img src='http://example.invalid/x.png' onerror='document.hostile = 1'>&lt;\"'${title}"
)
LONG = "AnEventWhoseNameHasNoBlankAndGoesOnAndOn" * 10
# Right to left, wide, combining, and a mark that turns the direction of what follows.
FOREIGN = "שלום עולם 中文名字很长 e\u0301\u0302\u0303 \U0001f9d1\u200d\U0001f4bb \u202eturned"
NAMES = 100
BIGGEST = 32_000


def sandbox(folder: Path) -> Path:
    """The shipped project's own dry run, on the embedded Freshchat."""
    folder.mkdir()
    shutil.copy(ROOT / "meltano.yml", folder)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    command: list[str | Path] = [BIN / "meltano", "run", "tap-freshchat", "target-segment"]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return _only_page(folder)


def hostile(folder: Path) -> Path:
    """Markup in names and values, a hundred events, long names, rejected and skipped rows."""
    return _page(folder, _mapping(), _lines(_rows()))


def rejected(folder: Path) -> Path:
    """Nothing but rows that cannot be events."""
    rows: list[dict[str, Any]] = [
        {"id": number, "kind": "Lost", "at": "2026-01-01T00:00:00Z"} for number in range(3)
    ]
    return _page(folder, _mapping(), _lines(rows))


def empty(folder: Path) -> Path:
    """No row at all."""
    return _page(folder, _mapping(), _lines([]))


PAGES: Mapping[str, Callable[[Path], Path]] = {
    each.__name__: each for each in (sandbox, hostile, rejected, empty)
}


def _mapping() -> dict[str, Any]:
    things = {
        "event": "kind",
        "user_id": "user",
        "anonymous_id": ["device", "basket"],
        "timestamp": "at",
        "when": {"test": None},
        "properties": "*",
    }
    return {"preset": "none", "streams": {"things": things, HOSTILE: things}}


def _rows() -> Iterator[dict[str, Any]]:
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    kinds = [HOSTILE, LONG, FOREIGN, *(f"Event {number}" for number in range(NAMES))]
    for number in range(10 * NAMES):
        yield {
            "id": number,
            "kind": kinds[min(number % 150, len(kinds) - 1)],
            "at": (start + timedelta(hours=3 * number)).isoformat(),
            ("user", "device", "basket")[number % 3]: f"{HOSTILE} {number}",
            HOSTILE: {HOSTILE: [HOSTILE, FOREIGN]},
            LONG: LONG * (number % 40),
        }
    yield {"id": -1, "kind": HOSTILE, "user": HOSTILE}
    yield {"id": -2, "kind": HOSTILE, "at": "2026-01-01T00:00:00Z"}
    yield {"id": -3, "kind": "Too large", "user": "u", "text": "x" * BIGGEST}
    yield {"id": -4, "kind": "Left out", "user": "u", "test": True}
    yield {"id": -5, "kind": "Of the future", "user": "u", "at": "2999-01-01T00:00:00Z"}


def _lines(rows: Any) -> bytes:
    messages: list[dict[str, Any]] = []
    for stream in ("things", HOSTILE):
        schema = {"properties": {"id": {"type": "integer"}}}
        messages.append(
            {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["id"]},
        )
    for number, row in enumerate(rows):
        stream = HOSTILE if number % 2 else "things"
        messages.append({"type": "RECORD", "stream": stream, "record": row})
    return "".join(json.dumps(message) + "\n" for message in messages).encode()


def _page(folder: Path, settings: Mapping[str, Any], lines: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    config = {
        "dry_run": True,
        "output_path": str(folder / "output"),
        "dead_letter_path": str(folder / "dead_letters.jsonl"),
        **settings,
    }
    (folder / "target.json").write_text(json.dumps(config))
    target: list[str | Path] = [BIN / "target-segment", "--config", folder / "target.json"]
    subprocess.run(target, input=lines, capture_output=True, check=True)
    return _only_page(folder)


def _only_page(folder: Path) -> Path:
    [page] = (folder / "output").glob("*.html")
    return page
