"""Two runs of the image, as the CronJob of the page makes them."""

from __future__ import annotations

import logging
import subprocess
from typing import TYPE_CHECKING

import boto3
from fakes.segment import FakeSegment
from moto.server import ThreadedMotoServer

from e2e.checks import hold
from e2e.container.manifests import environment

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.container.image import Image

KEYS = {"AWS_ACCESS_KEY_ID": "moto", "AWS_SECRET_ACCESS_KEY": "moto"}
SANDBOX = "sandbox://?report_jobs_per_minute=60"


def run_twice(image: Image) -> None:
    """Run twice; check events, state and files.

    Raises:
        AssertionError: the first check that fails.
    """
    given = environment("cronjob.yaml")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with FakeSegment() as segment:
        stand_ins = {
            **KEYS,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "TAP_FRESHCHAT_API_URL": SANDBOX,
            "TARGET_SEGMENT_WRITE_KEY": "key-1",
            "TARGET_SEGMENT_API_URL": segment.api_url,
            "TARGET_SEGMENT_CDN_URL": segment.cdn_url,
        }
        bucket = given["MELTANO_STATE_BACKEND_URI"].split("/")[2]
        storage = boto3.client(
            "s3",
            endpoint_url=stand_ins["AWS_ENDPOINT_URL"],
            aws_access_key_id="moto",
            aws_secret_access_key="moto",
            region_name=given["AWS_REGION"],
        )
        where = {"LocationConstraint": given["AWS_REGION"]}
        storage.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        before = _files(image)
        counts = []
        for _ in range(2):
            finished = image.run({**given, **stand_ins})
            hold("the run succeeds", not finished.returncode, finished.stderr[-3000:])
            counts.append(len(segment.accepted))
            # What a container leaves in /tmp is gone with it.
            _empty(image.place("/tmp"))  # noqa: S108 - the image's own
        hold("events arrived", counts[0] > 0, counts)
        hold("the second run goes on from the bucket", counts[1] < 1.1 * counts[0], counts)
        ids = [event["messageId"] for event in segment.accepted]
        hold("nothing is sent twice", len(set(ids)) == len(ids) and not segment.swallowed)
        stored = [each["Key"] for each in storage.list_objects_v2(Bucket=bucket)["Contents"]]
        hold("state is in the bucket", any(each.endswith("state.json") for each in stored), stored)
        hold("nothing is written elsewhere", _files(image) == before, _files(image) - before)
    server.stop()


def _files(image: Image) -> set[Path]:
    return {path for path in image.root.rglob("*") if path.is_file() or path.is_dir()}


def _empty(folder: Path) -> None:
    subprocess.run(["find", folder, "-mindepth", "1", "-delete"], check=True)  # noqa: S607
