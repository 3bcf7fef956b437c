"""Full disk during a run."""

import os
import subprocess
import sys

# What a full disk is to a program, without filling one: none of its files may grow.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
from tap_freshchat.tap import TapFreshchat
sys.argv = ["tap-freshchat", "--config=ENV"]
TapFreshchat.cli()
"""


def test_a_full_disk_ends_the_tap_with_one_line_and_an_unchanged_bookmark():
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED],
        env={**os.environ, "TAP_FRESHCHAT_API_URL": "sandbox://"},
        capture_output=True,
        check=False,
    )
    errors = ended.stderr.decode()
    assert ended.returncode == 1
    [line] = [line for line in errors.splitlines() if "CRITICAL" in line]
    assert "A file cannot be written" in line
    assert "TMPDIR" in line
    assert "Traceback" not in errors
    assert b'"replication_key_value"' not in ended.stdout
