"""The commands of docs/meltano.md, from first to last, with state in a bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fakes.documents import ROOT, blocks
from fakes.segment import FakeSegment

from e2e.checks import check, say
from e2e.composition.accounts import FILE, PAGE, SETTINGS
from e2e.composition.folder import SANDBOX, Folder
from e2e.composition.fragments import fragment

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.composition.bucket import Bucket

HERE = "tests/e2e/composition/test_meltano_page.py"


def follow(folder: Path, bucket: Bucket) -> None:
    """Run them in order, each in the state that the previous one left."""
    say("The page's commands")
    with FakeSegment(("key", "key-us", "key-eu")) as segment:
        project = Folder(
            folder,
            **SETTINGS,
            **bucket.settings,
            MELTANO_STATE_BACKEND_URI=bucket.uri("page"),
            TAP_FRESHCHAT_API_URL=SANDBOX,
            TAP_FRESHCHAT_API_TOKEN="sandbox",
            TARGET_SEGMENT_API_URL=segment.api_url,
            TARGET_SEGMENT_CDN_URL=segment.cdn_url,
            TARGET_SEGMENT_WRITE_KEY="key",
        )
        (folder / FILE).write_text(fragment(f"file: {FILE}", PAGE))
        for block in blocks(ROOT / "docs" / PAGE):
            if block.language == "sh" and block.runner == HERE:
                project.run(block.text)
                say(f"  ok  line {block.line} runs as written")
        bodies = [
            json.loads(line)
            for file in (folder / "output").glob("*.jsonl")
            for line in file.read_text().splitlines()
        ]
        traits = {name for body in bodies for event in body["batch"] for name in event["traits"]}
        check("what is selected is sent", (True, False), ("email" in traits, "phone" in traits))
        check("Segment accepts every request", [], segment.complaints)
        swallowed = {why for _, why in segment.swallowed}
        check("Segment drops only duplicates", set(), swallowed - {"duplicate"})
