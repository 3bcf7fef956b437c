"""Small parent process: runs a command and reports its peak memory.

`python small_parent.py FILE COMMAND …`

The kernel counts the memory of the parent in the peak of a new process, so the parent must be
smaller than any tap.
"""

import os
import resource
import sys

child = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:])  # noqa: S606 - a shell adds nothing
_, status = os.waitpid(child, 0)
# Kilobytes but for macOS, where they are bytes.
unit = 1 if sys.platform == "darwin" else 1024
with open(sys.argv[1], "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would double it
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit))
sys.exit(os.waitstatus_to_exitcode(status))
