#!/usr/bin/env python3
"""Fuzzes every parser of foreign bytes, guided by coverage, one after the other.

    python3 tests/fuzz/test_fuzz.py --minutes 3                  all of them, three minutes each
    python3 tests/fuzz/test_fuzz.py --minutes 30 --target cell   one of them

It makes an environment of its own (.environment beside this file), because atheris is built for few
versions of Python and few systems. Inputs that led somewhere new are kept in .corpus, so that the
next run begins from them; inputs that broke a parser stand in .findings, and the exit status is 1.
"""
# ruff: noqa: S603, T201 - commands and output of a script

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT))

import dev  # noqa: E402 - beside the folder of this script

ENVIRONMENT = HERE / ".environment"
FINDINGS = HERE / ".findings"
PYTHON = ENVIRONMENT / "bin" / "python"
ATHERIS = "atheris==3.0.0"
TARGETS = (
    *("report", "cell", "head", "shapes", "lines", "record", "letters", "settings"),
    "segment_answer",
)
# libFuzzer: longest input, seconds for one, and megabytes of memory.
BOUNDS = ("-max_len=20000", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1")


def fuzz(target: str, minutes: float) -> bool:
    """Fuzz one target; whether it broke."""
    FINDINGS.mkdir(exist_ok=True)
    command = [
        *(str(PYTHON), "-m", "fuzz.guided", target, str(HERE / ".corpus" / target)),
        *(f"-max_total_time={round(minutes * 60)}", *BOUNDS),
        f"-artifact_prefix={FINDINGS}/{target}-",
    ]
    finished = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
    )
    log = finished.stderr + finished.stdout
    (FINDINGS / f"{target}.log").write_text(log)
    coverage = [int(found) for found in re.findall(r" cov: (\d+)", log)]
    executions = re.findall(r"(?:number_of_executed_units: |Done )(\d+)", log)
    print(
        f"{target:>15}  {executions[-1] if executions else '?':>9} executions"
        f"  coverage {coverage[0] if coverage else '?'} → {coverage[-1] if coverage else '?'}"
        f"  {'found something: see ' + str(FINDINGS) if finished.returncode else 'nothing found'}",
        flush=True,
    )
    return finished.returncode != 0


def main() -> int:
    """Fuzz what is asked for."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--minutes", type=float, default=3.0, help="for each target")
    arguments.add_argument("--target", choices=TARGETS, action="append")
    asked = arguments.parse_args()
    dev.install(ENVIRONMENT, dev.CONSTRAINTS, ATHERIS)
    os.nice(10)
    broken = [target for target in asked.target or TARGETS if fuzz(target, asked.minutes)]
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
