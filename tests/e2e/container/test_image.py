"""The steps of the Dockerfile without Docker, runs of the result, and docs/container.md.

As root, the runs have the user of the image; otherwise they have yours.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from e2e.container.image import Image
from e2e.container.manifests import check_cronjob
from e2e.container.runs import run_twice

pytestmark = pytest.mark.container
DOCKERFILE = Path(__file__).resolve().parents[3] / "deploy" / "container" / "Dockerfile"


def test_hadolint_accepts_the_dockerfile() -> None:
    subprocess.run([Path(sys.executable).parent / "hadolint", DOCKERFILE], check=True)


def test_the_cronjob_of_the_page_is_valid_for_every_version_of_kubernetes() -> None:
    check_cronjob()


def test_two_runs_of_the_image_send_each_event_once_and_keep_state_in_the_bucket() -> None:
    with Image(DOCKERFILE) as image:
        run_twice(image)
