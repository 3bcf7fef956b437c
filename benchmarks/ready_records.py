"""The SDK's default writer on records that lie ready: run as a process of its own.

`python ready_records.py RECORDS.jsonl COUNT` writes the file's records over and over, COUNT in
all, to stdout, and the seconds that took to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import cycle, islice
from pathlib import Path

from singer_sdk.helpers._util import utc_now
from singer_sdk.io_base import SingerWriter
from singer_sdk.singerlib import RecordMessage

lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
records = [json.loads(line)["record"] for line in lines]
writer = SingerWriter()
began = time.perf_counter()
for record in islice(cycle(records), int(sys.argv[2])):
    writer.write_message(RecordMessage("messages", record, time_extracted=utc_now()))
sys.stderr.write(f"{time.perf_counter() - began}\n")
