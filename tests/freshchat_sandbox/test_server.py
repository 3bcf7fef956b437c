"""Promises of the HTTP server and the command: the same sandbox, files on another host name."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timezone
from urllib.parse import urlsplit

import pytest
import requests
from fakes.services import serving

from freshchat_sandbox import Options, Response, Sandbox, SandboxClock, serve
from freshchat_sandbox.__main__ import main

NOON = datetime(2026, 11, 18, 12, tzinfo=timezone.utc)


@contextmanager
def running(*, faults=None, **options):
    clock = SandboxClock(NOON)
    server = serve(Sandbox(Options(**options), clock.now, faults=faults))
    with serving(server), requests.Session() as session:
        session.trust_env = False
        yield server.server_port, session, clock


@pytest.mark.parametrize(
    ("asked", "files"), [("127.0.0.1", "localhost"), ("localhost", "127.0.0.1")]
)
def test_a_report_from_submission_to_rows(asked, files):
    with running() as (port, session, clock):
        base, token = f"http://{asked}:{port}/v2", {"Authorization": "Bearer sandbox"}
        assert session.get(f"{base}/agents").status_code == 401
        body = {
            "event": "Conversation-Created",
            "format": "csv",
            "start": "2026-11-10T00:00:00Z",
            "end": "2026-11-14T00:00:00Z",
        }
        job = session.post(f"{base}/reports/raw", json=body, headers=token).json()
        clock.sleep(200)
        links = session.get(f"{base}/reports/raw/{job['id']}", headers=token).json()["links"]
        count = 0
        for link in links:
            href = link["link"]["href"]
            assert urlsplit(href).netloc == f"{files}:{port}"
            assert session.get(href, headers=token).status_code == 400
            assert session.get(href.replace(files, asked)).status_code == 403
            body = session.get(href).content
            parts = [body]
            if body[:2] == b"PK":
                with zipfile.ZipFile(io.BytesIO(body)) as archive:
                    parts = [archive.read(name) for name in archive.namelist()]
            texts = (part.decode("utf-8-sig") for part in parts)
            count += sum(len(list(csv.DictReader(io.StringIO(text)))) for text in texts)
        assert count > 4 * 24


def test_chunked_and_truncated_bodies_are_sent():
    def fault(request):
        if request.path == "/pieces":
            return Response(200, {}, b"a" * 10, iter([b"", b"b" * 10, b"c"]))
        return Response(200, {"Content-Length": "50"}, b"short")

    with running(faults=fault) as (port, session, _):
        assert session.get(f"http://127.0.0.1:{port}/pieces").text == "a" * 10 + "b" * 10 + "c"
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(f"http://127.0.0.1:{port}/cut")


def test_interrupting_the_command_ends_it_cleanly():
    command = [sys.executable, "-m", "freshchat_sandbox", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert "http://127.0.0.1:" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_the_command_names_an_invalid_option(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--seed", "x"])
    assert stop.value.code == 2
    assert "seed" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--ground-truth", "today", "tomorrow"])


def test_the_command_describes_every_option(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for field in fields(Options):
        assert f"--{field.name.replace('_', '-')} VALUE" in text


def test_the_command_prints_the_ground_truth(capsys):
    assert main(["--ground-truth", "2026-11-10T00:00:00Z", "2026-11-10T01:00:00Z"]) == 0
    assert '"event": "on' in capsys.readouterr().out
