"""Termination of the tap by signals."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest


@pytest.mark.parametrize(
    "signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGXCPU]
)
def test_a_signal_ends_the_tap_with_its_status_after_complete_lines(tmp_path, signum):
    (tmp_path / "config.json").write_text(
        json.dumps({"api_url": "sandbox://?conversations_per_day=200"})
    )
    command = [sys.executable, "-m", "tap_freshchat", "--config", "config.json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as tap:
        lines = []
        for line in tap.stdout:
            lines.append(line)
            if len(lines) == 300:
                tap.send_signal(signum)
        errors = tap.stderr.read().decode()
    assert tap.returncode == 128 + signum
    assert "Traceback" not in errors
    assert 300 <= len(lines) < 10_000
    for line in lines:
        assert json.loads(line)["type"]


def signalled(tmp_path, program, **settings):
    """Run the tap in a program that sends it signals; check that no file is left."""
    (tmp_path / "tmp").mkdir()
    start = datetime.now(timezone.utc) - timedelta(hours=3)
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "TAP_FRESHCHAT_API_URL": "sandbox://?conversations_per_day=2",
            "TAP_FRESHCHAT_START_DATE": start.isoformat(),
            "TMPDIR": str(tmp_path / "tmp"),
            **settings,
        },
        capture_output=True,
        check=False,
        # Many times what it takes: one that hangs shall fail alone.
        timeout=180,
    )
    assert b"Traceback" not in ended.stderr
    assert not list((tmp_path / "tmp").iterdir())
    return ended


# Look-ups in other threads that pause without end; `paused` is called as a pause begins.
IN_A_PAUSE = """
class Clock(SandboxClock):
    def sleep(self, seconds):
        if threading.current_thread() is threading.main_thread():
            super().sleep(seconds)
        else:
            paused()
            threading.Event().wait()

class TapFreshchat(TapFreshchat):
    @cached_property
    def run(self):
        return RunContext.from_config(self.config, Clock())
"""
IN_A_LOCK = f"""
{IN_A_PAUSE}
def paused():
    pass

def inject(frame, event, _):
    # The main thread has just taken what a look-up needs to become ready.
    if event == "return" and frame.f_code == threading.Condition.__enter__.__code__:
        caller = frame.f_back
        if caller.f_code == Future.result.__code__ and not caller.f_locals["self"].done():
            sys.setprofile(None)
            signal.raise_signal(signal.SIGTERM)

sys.setprofile(inject)
"""
IN_A_DESTRUCTOR = """
class Dying:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

sys.addaudithook(lambda event, _: event == "sqlite3.connect" and Dying() and None)
"""
AS_ITS_FOLDER_IS_MADE = """
def inject(frame, event, _):
    if event == "return" and frame.f_code == tempfile.mkdtemp.__code__:
        signal.raise_signal(signal.SIGTERM)

sys.setprofile(inject)
"""
AS_REMOVAL_OF_ITS_FOLDER_BEGINS = """
def inject(frame, event, _):
    ignores = frame.f_locals.get("handler") == signal.SIG_IGN
    if event == "call" and frame.f_code == signal.signal.__code__ and ignores:
        sys.setprofile(None)
        signal.raise_signal(signal.SIGTERM)

sys.setprofile(inject)
"""
IN_A_LONG_PAUSE = f"""
{IN_A_PAUSE}
def paused():
    os.kill(os.getpid(), signal.SIGTERM)
"""
# Standard output accepts a part of a line, then signals arrive.
IN_A_LINE = """
class Wire(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        if len(written) == 1:
            for number in SIGNALS:
                signal.raise_signal(number)
        written.append(os.write(1, data[:100]))
        return written[-1]

written = []
sys.stdout = io.TextIOWrapper(io.BufferedWriter(Wire()))
"""
IMPORTS = """
import io, os, signal, sys, tempfile, threading
from concurrent.futures import Future
from functools import cached_property
from freshchat_sandbox import SandboxClock
from tap_freshchat.run_context import RunContext
from tap_freshchat.tap import TapFreshchat
"""
RUN = """
sys.argv = ["tap-freshchat", "--config=ENV"]
TapFreshchat.cli()
"""


@pytest.mark.parametrize(
    "when",
    [
        *(IN_A_LOCK, IN_A_DESTRUCTOR, IN_A_LONG_PAUSE),
        *(AS_ITS_FOLDER_IS_MADE, AS_REMOVAL_OF_ITS_FOLDER_BEGINS),
    ],
)
def test_a_signal_ends_the_tap_at_any_point_without_leaving_files(tmp_path, when):
    # So few that look-ups pause.
    settings = {"TAP_FRESHCHAT_REQUESTS_PER_MINUTE": "60"} if IN_A_PAUSE in when else {}
    ended = signalled(tmp_path, IMPORTS + when + RUN, **settings)
    assert ended.returncode == 128 + signal.SIGTERM


def test_a_signal_in_the_middle_of_a_line_ends_the_tap_after_the_line(tmp_path):
    ended = signalled(tmp_path, f"SIGNALS = [15]{IMPORTS}{IN_A_LINE}{RUN}")
    assert ended.returncode == 128 + signal.SIGTERM
    lines = ended.stdout.splitlines()
    assert lines
    assert all(json.loads(line)["type"] for line in lines)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT, signal.SIGALRM])
def test_a_second_signal_or_the_alarm_set_at_the_first_does_not_wait_for_the_line(tmp_path, second):
    ended = signalled(tmp_path, f"SIGNALS = [15, {second:d}]{IMPORTS}{IN_A_LINE}{RUN}")
    assert ended.returncode == 128 + signal.SIGTERM
    assert not ended.stdout.endswith(b"\n")


# The hook is called as the temporary folder begins to be removed.
SIGNALLED_LATE = """
import atexit, os, signal, sys
from tap_freshchat.tap import TapFreshchat

def inject(event, _):
    if event == "shutil.rmtree":
        os.kill(os.getpid(), signal.SIGTERM)

sys.addaudithook(inject)
atexit.register(inject, "shutil.rmtree", None)
sys.argv = ["tap-freshchat", "--config=ENV"]
TapFreshchat.cli()
"""


def test_a_signal_after_the_run_does_not_interrupt_the_removal_of_its_files(tmp_path):
    assert signalled(tmp_path, SIGNALLED_LATE).returncode == 0
