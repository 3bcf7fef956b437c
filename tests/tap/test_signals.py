"""A tap that is asked to stop."""

import json
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
