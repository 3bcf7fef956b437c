"""Manifests of docs/container.md, validated with the schemas of Kubernetes."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import yaml
from fakes.documents import ROOT, blocks

from e2e.checks import say

PAGE = ROOT / "docs" / "container.md"


def manifests(file: str) -> list[dict[str, Any]]:
    """The documents in one of the page's files."""
    [block] = [each for each in blocks(PAGE) if each.comment == f"file: {file}"]
    return list(yaml.safe_load_all(block.text))


def check_cronjob() -> None:
    """Hold the CronJob's file against Kubernetes' schemas, strictly.

    Raises:
        kubernetes_validate.ValidationError: something in it is not as they say.
    """
    for manifest in manifests("cronjob.yaml"):
        for version in kubernetes_validate.utils.all_versions():
            kubernetes_validate.validate(manifest, version, strict=True)
        say(f"  ok  {manifest['kind']} is as Kubernetes' schemas say")


def environment(file: str) -> dict[str, str]:
    """The plain variables that a file gives its container."""
    [container] = _containers(manifests(file)[-1])
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}


def _containers(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        found = value.get("containers") or []
        return found + [each for inner in value.values() for each in _containers(inner)]
    return []
