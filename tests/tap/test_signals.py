"""A tap that is asked to stop."""

import json
import os
import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_tap_with_its_status_and_whole_lines_behind_it(tmp_path, signum):
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


# The hook is called as the temporary folder begins to be removed.
SIGNALLED_LATE = """
import atexit, os, signal, sys
from tap_freshchat.tap import TapFreshchat

def strike(event, _):
    if event == "shutil.rmtree":
        os.kill(os.getpid(), signal.SIGTERM)

sys.addaudithook(strike)
atexit.register(strike, "shutil.rmtree", None)
sys.argv = ["tap-freshchat", "--config=ENV"]
TapFreshchat.cli()
"""


def test_a_signal_after_the_run_leaves_it_to_remove_its_files_in_peace(tmp_path):
    (tmp_path / "tmp").mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", SIGNALLED_LATE],
        env={
            **os.environ,
            "TAP_FRESHCHAT_API_URL": "sandbox://?conversations_per_day=1",
            "TMPDIR": str(tmp_path / "tmp"),
        },
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0
    assert b"Traceback" not in ended.stderr
    assert not list((tmp_path / "tmp").iterdir())
