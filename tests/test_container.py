"""The image's files agree with the code, and the page's with the image.

What the image does is tried by `python3 tests/e2e/container/test_image.py`.
"""

import json
import re
from importlib import metadata

import pytest
import yaml
from fakes.documents import ROOT, blocks

from tap_freshchat.tap import TapFreshchat
from target_segment.target import TargetSegment

DOCKERFILE = re.sub(r"\\\n\s*", " ", (ROOT / "deploy" / "container" / "Dockerfile").read_text())
DISTRIBUTION = metadata.distribution("tap-freshchat-target-segment")
# Those that Meltano and the clients of buckets read themselves.
OF_OTHER_PROGRAMS = {"MELTANO_STATE_BACKEND_URI", "AWS_REGION"}


def instructions(name):
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)


def locked(path):
    """Versions with their markers, and hashes, by line of a file of requirements."""
    lines = re.sub(r" \\\n\s*", " ", (ROOT / path).read_text()).splitlines()
    return {line.split(" --hash", 1)[0]: line for line in lines if "==" in line}


def manifest(file):
    [block] = [
        each for each in blocks(ROOT / "docs" / "container.md") if each.comment == f"file: {file}"
    ]
    return list(yaml.safe_load_all(block.text))[-1]


CRONJOB = manifest("cronjob.yaml")["spec"]
POD = CRONJOB["jobTemplate"]["spec"]["template"]["spec"]
CLOUD_RUN = manifest("job.yaml")["spec"]["template"]["spec"]["template"]["spec"]
CONTAINERS = [POD["containers"][0], CLOUD_RUN["containers"][0]]


def test_every_copied_file_exists_and_is_not_ignored():
    copied = [
        source
        for line in instructions("COPY")
        for source in line.split()[:-1]
        if not line.startswith("--from")
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == set(copied)
    assert {"pyproject.toml", "README.md", "LICENSE"} <= set(copied)


def test_the_image_has_the_versions_and_hashes_that_the_tests_have():
    image, tested = locked("deploy/container/requirements.txt"), locked("constraints.txt")
    assert image
    assert all("--hash" in line for line in image.values())
    names = {name.split("==")[0] for name in tested}
    own = {name for name in image if name.split("==")[0] in names}
    assert {name: image[name] for name in own} == {name: tested.get(name) for name in own}


def test_the_image_has_every_dependency():
    names = {name.split("==")[0] for name in locked("deploy/container/requirements.txt")}
    wanted = {
        re.split(r"[~>=\[]", each)[0].lower()
        for each in DISTRIBUTION.requires or []
        if "extra ==" not in each
    }
    assert wanted
    assert wanted <= names


def test_both_stages_have_the_same_supported_python():
    [build, final] = (line.split()[0] for line in instructions("FROM"))
    assert build == final
    [version] = re.findall(r"python:(\d\.\d+)-", final)
    assert f"Programming Language :: Python :: {version}" in (
        DISTRIBUTION.metadata.get_all("Classifier") or []
    )


def test_the_image_runs_as_an_unprivileged_user():
    [user] = instructions("USER")
    context = POD["securityContext"]
    assert int(user) == context["runAsUser"] == context["fsGroup"] > 0
    assert context["runAsNonRoot"]


def test_dead_letters_are_on_a_volume_and_the_root_file_system_is_read_only():
    [container] = POD["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    volumes = {each["name"]: each for each in POD["volumes"]}
    [variables] = [line for line in instructions("ENV") if "PATH=/" in line]
    [folder] = set(re.findall(r"DEAD_LETTER_PATH=(/\w+)/", variables))
    assert "persistentVolumeClaim" in volumes[mounts[folder]]
    assert "emptyDir" in volumes[mounts["/tmp"]]  # noqa: S108 - the image's own
    assert "MELTANO_PROJECT_READONLY=1" in variables


def test_the_dead_letters_of_every_job_are_on_the_volume():
    loaders = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["loaders"]
    own = [
        each["name"].upper().replace("-", "_")
        for each in loaders
        if "inherit_from" not in each or "dead_letter_path" in each.get("config", {})
    ]
    assert len(own) > 1
    for name in own:
        assert f" {name}_DEAD_LETTER_PATH=/data/" in DOCKERFILE


def test_the_rejected_rows_of_every_job_are_kept_on_the_volume():
    extractors = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["extractors"]
    for each in extractors:
        name = each["name"].upper().replace("-", "_")
        assert f" {name}_REJECTED_ROWS_PATH=/data/" in DOCKERFILE


def test_no_run_starts_during_another():
    assert CRONJOB["concurrencyPolicy"] == "Forbid"
    assert (
        CRONJOB["schedule"]
        == yaml.safe_load((ROOT / "meltano.yml").read_text())["schedules"][0]["interval"]
    )


@pytest.mark.parametrize("container", CONTAINERS, ids=["cronjob.yaml", "job.yaml"])
def test_the_page_runs_this_version_with_the_images_own_command(container):
    assert container["image"].endswith(f":{DISTRIBUTION.version}")
    [command] = instructions("CMD")
    assert container["args"] == json.loads(command)


@pytest.mark.parametrize("container", CONTAINERS, ids=["cronjob.yaml", "job.yaml"])
def test_every_variable_on_the_page_is_a_setting(container):
    known = {
        f"{plugin.name.upper().replace('-', '_')}_{name.upper()}"
        for plugin in (TapFreshchat, TargetSegment)
        for name in plugin.config_jsonschema["properties"]
    }
    names = {each["name"] for each in container["env"]}
    assert names <= known | OF_OTHER_PROGRAMS
    assert {"TAP_FRESHCHAT_API_URL", "MELTANO_STATE_BACKEND_URI"} <= names


@pytest.mark.parametrize("container", CONTAINERS, ids=["cronjob.yaml", "job.yaml"])
def test_no_file_contains_a_secret(container):
    plain = {each["name"] for each in container["env"] if "value" in each}
    assert not plain & {"TAP_FRESHCHAT_API_TOKEN", "TARGET_SEGMENT_WRITE_KEY"}
