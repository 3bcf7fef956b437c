"""Measures tap and target and prints the whole table: `python benchmarks/run.py [--quick]`.

About 25 minutes on two cores, a fifth of it with `--quick`. Let the machine do nothing else
meanwhile. What is compared is measured in turns, so ratios say more than figures.
"""

from __future__ import annotations

import argparse
import os
import platform
from datetime import datetime, timezone

import table
import tap
import target


def main() -> None:
    """Measure, and print the tables and the chart as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer records")
    quick = parser.parse_args().quick
    lines = []
    day = datetime.now(timezone.utc).date()
    load = os.getloadavg()[0]
    print(f"{day}, Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}\n")
    for name, measures in (
        ("target", target.measure(quick=quick)),
        ("tap", tap.measure(quick=quick)),
    ):
        print(f"## {name}\n\n{table.HEAD}")
        for line in measures:
            print(line, flush=True)
            lines.append(line)
        print()
    print(*table.chart(lines), sep="\n")


if __name__ == "__main__":
    main()
