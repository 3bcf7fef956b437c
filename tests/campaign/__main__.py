"""Starts the command line, from whatever directory: `python tests/campaign --schedules 1000`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # In the place of this folder, which Python puts there: its files are a package's.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from campaign.command_line import main

    sys.exit(main())
