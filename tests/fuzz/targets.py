"""Fuzz targets and their seeds: output of the sandbox, the tap and the target."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

import freshchat_sandbox as sandbox
from tap_freshchat.reports.catalog import REPORTS

from . import freshchat_responses, report_files, segment_responses, singer
from .freshchat_responses import NOON
from .mutation import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TARGETS: Mapping[str, Callable[[bytes], None]] = {
    **report_files.TARGETS,
    **freshchat_responses.TARGETS,
    **singer.TARGETS,
    **segment_responses.TARGETS,
}
HEADERS = (
    "Retry-After: 7",
    "Retry-After: Sun, 22 Nov 2026 12:00:05 GMT",
    "X-RateLimit-Reset: 1795348800",
    "Date: Sun, 22 Nov 2026 12:00:05 GMT",
    "X-RateLimit-Remaining: 0",
    "Content-Type: text/html",
    "Location: http://[",
)


class _Account:
    """The embedded Freshchat, asked as a client asks it."""

    def __init__(self) -> None:
        self._options = sandbox.Options.from_url("sandbox://?report_jobs_per_minute=1000")
        self._now = NOON
        self._sandbox = sandbox.Sandbox(self._options, lambda: self._now)

    def ask(self, method: str, url: str, body: bytes = b"") -> bytes:
        self._now += timedelta(minutes=2)
        headers = {"Content-Type": "application/json"}
        if sandbox.API_HOST in url:
            headers["Authorization"] = f"Bearer {self._options.token}"
        answer = self._sandbox.respond(sandbox.Request.of(method, url, headers, body))
        return answer.body + b"".join(answer.rest or ())

    def get(self, path: str) -> bytes:
        return self.ask("GET", f"https://{sandbox.API_HOST}/v2{path}")


def _report_of(account: _Account, name: str) -> bytes:
    wanted = {
        "start": "2026-11-21T00:00:00.000Z",
        "end": "2026-11-21T04:00:00.000Z",
        "event": name,
        "format": "csv",
    }
    posted = account.ask(
        "POST", f"https://{sandbox.API_HOST}/v2/reports/raw", json.dumps(wanted).encode()
    )
    path = f"/reports/raw/{json.loads(posted)['id']}"
    answer: dict[str, list[dict[str, dict[str, str]]]] = {}
    while not answer.get("links"):
        answer = json.loads(account.get(path))
    return account.ask("GET", answer["links"][0]["link"]["href"])


def _reports() -> Iterator[bytes]:
    account = _Account()
    for number, name in enumerate(REPORTS):
        packed = _report_of(account, name)
        yield bytes([number]) + packed
        if not zipfile.is_zipfile(io.BytesIO(packed)):
            continue
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            plain = archive.read(archive.namelist()[0])
        lines = plain.splitlines(keepends=True)
        yield bytes([number]) + b"".join(lines[:3])
        yield bytes([number]) + b"\xef\xbb\xbf" + b"".join(lines[:2]).replace(b"\r\n", b"\r")
        stored = io.BytesIO()
        with zipfile.ZipFile(stored, "w") as archive:
            archive.writestr("a.csv", b"".join(lines[:2]))
        yield bytes([number]) + stored.getvalue()


def _shapes() -> Iterator[bytes]:
    account = _Account()
    users = account.get("/users?updated_from=2026-11-20T00:00:00Z&items_per_page=2")
    user = json.loads(users)["users"][0]["id"]
    conversations = account.get(f"/users/{user}/conversations")
    conversation = json.loads(conversations)["conversations"][0]["id"]
    messages = account.get(f"/conversations/{conversation}/messages?items_per_page=3")
    one = account.get(f"/conversations/{conversation}")
    job = b'{"id":"j1","link":{"href":"/reports/raw/j1"}}'
    done = b'{"status":"COMPLETED","links":[{"status":"SUCCESS","link":{"href":"https://a.b/c"}}]}'
    metric = account.get(
        "/metrics/historical?metric=team_performance.response_time&interval=1h"
        "&start=2026-11-21T00:00:00Z&end=2026-11-21T02:00:00Z",
    )
    asked = (
        [account.get("/roles?items_per_page=2")],
        [
            account.get("/accounts/configuration"),
            account.get("/agents/status"),
            account.get("/agents?items_per_page=2"),
        ],
        [one, messages, one, messages, users],
        [users, conversations, messages, one],
        [job, done],
        [metric],
    )
    for number, bodies in enumerate(asked):
        yield bytes([number]) + b"\n".join(bodies)


def _singer_lines() -> list[bytes]:
    from tap_freshchat.tap import TapFreshchat  # noqa: PLC0415 - only for the corpus

    tap = TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False)
    schema = tap.streams["message_events"].schema
    record = {
        "id": "m1",
        "event": "onMessageCreate",
        "created_time": "2026-11-22T10:55:22.220000+00:00",
        "user_id": "u1",
        "conversation_id": "c1",
        "message": {"messages": [{"id": "m1", "actor_type": "user", "message_type": "normal"}]},
    }
    keys = {"stream": "message_events", "key_properties": ["id"]}
    messages = (
        {"type": "SCHEMA", "schema": schema, **keys},
        {"type": "RECORD", "stream": "message_events", "record": record},
        {"type": "STATE", "value": {"bookmarks": {}}},
        {"type": "ACTIVATE_VERSION", "stream": "message_events", "version": 1},
    )
    return [json.dumps(message).encode() for message in messages]


def _dead_letters() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dead_letters.jsonl"
        with singer.dry_target(**singer.MAPPED) as target:
            path = target.settings.dead_letter_path
            target.listen(
                io.BytesIO(  # type: ignore[arg-type] # bytes, as from a pipe
                    singer.SCHEMA % b"orders"
                    + b'{"type":"RECORD","stream":"orders","record":{"id":"","time":"x"}}',
                ),
            )
            yield path.read_bytes()
    event = {
        "type": "track",
        "event": "Happened",
        "userId": "u1",
        "messageId": "m1",
        "timestamp": "2026-11-22T10:55:22Z",
        "properties": {"text": "…"},
    }
    letter = {"stream": "orders", "reason": {"code": "refused", "text": ""}, "event": event}
    yield json.dumps(letter).encode()


def _settings() -> Iterator[bytes]:
    preset = Path(singer.__file__).parents[2] / "target_segment/presets/freshchat.yml"
    streams = yaml.safe_load(preset.read_text(encoding="utf-8")).get("streams")
    for config in (singer.MAPPED, {"streams": streams}):
        yield json.dumps(config).encode()


def _heads() -> Iterator[bytes]:
    for header in HEADERS:
        yield f"z{header}\n\n{{}}".encode()
    yield b"\0\n\n<html>"


def _lines() -> Iterator[bytes]:
    lines = _singer_lines()
    yield from lines
    yield b"\n".join(lines)


def _records() -> Iterator[bytes]:
    yield json.dumps(json.loads(_singer_lines()[1])["record"]).encode()


def _cells() -> Iterator[bytes]:
    yield from (text.encode(errors="replace") for text in TEXTS)
    yield from (b"2026-11-22T10:55:22.22Z", b"123456789-1795348800000", b'{"a":[1]}')


SEEDS: Mapping[str, Callable[[], Iterator[bytes]]] = {
    "report": _reports,
    "cell": _cells,
    "head": _heads,
    "shapes": _shapes,
    "lines": _lines,
    "record": _records,
    "dead_letters": _dead_letters,
    "settings": _settings,
    "segment_response": _heads,
}


def seeds(target: str) -> list[bytes]:
    """What the fuzzing of a target begins from."""
    return list(SEEDS[target]())
