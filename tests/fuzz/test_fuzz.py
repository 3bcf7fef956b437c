"""Coverage-guided fuzzing of every parser of untrusted bytes, each in a process of its own.

    python3 dev.py test -m fuzz --seconds 60                          every target
    python3 dev.py test -m fuzz --seconds 1800 --fuzz-target cell     one of them

Inputs that reached new code are kept in .corpus beside this file, so that the next run starts from
them; inputs that broke a parser are kept in .findings.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FINDINGS = HERE / ".findings"
TARGETS = (
    *("report", "cell", "head", "shapes", "lines", "record", "dead_letters", "settings"),
    "segment_response",
)
# Of libFuzzer: maximum input, seconds for one input, and megabytes of memory.
LIMITS = ("-max_len=20000", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1")


def pytest_generate_tests(metafunc):
    if "fuzz_target" in metafunc.fixturenames:
        metafunc.parametrize("fuzz_target", metafunc.config.option.fuzz_target or TARGETS)


@pytest.mark.fuzz
def test_a_parser_raises_only_documented_errors(pytestconfig, fuzz_target):
    FINDINGS.mkdir(exist_ok=True)
    finished = subprocess.run(
        [
            *("nice", sys.executable, "-m", "fuzz.guided", fuzz_target),
            str(HERE / ".corpus" / fuzz_target),
            *(f"-max_total_time={pytestconfig.getoption('seconds')}", *LIMITS),
            f"-artifact_prefix={FINDINGS}/{fuzz_target}-",
        ],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    log = finished.stderr + finished.stdout
    (FINDINGS / f"{fuzz_target}.log").write_text(log)
    coverage = re.findall(r" cov: (\d+)", log)
    executions = re.findall(r"(?:number_of_executed_units: |Done )(\d+)", log)
    print(
        f"\n{fuzz_target}: {executions[-1:]} executions, coverage {coverage[:1]} → {coverage[-1:]}"
    )
    assert not finished.returncode, f"see {FINDINGS}\n{log[-3000:]}"
