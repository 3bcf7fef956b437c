"""Licences of all dependencies, and the page that lists them."""

import re
from pathlib import Path

import licences
import pytest

ROOT = Path(__file__).parent.parent


PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
DEPENDENCIES = licences.dependencies()


LOCKED = (ROOT / "constraints.txt").read_text(encoding="utf-8")
# Packages with the same version for every Python; the page has the others for one Python only.
EVERYWHERE = [
    each
    for each in DEPENDENCIES
    if re.search(rf"^{each.name}=={re.escape(each.version)} \\$", LOCKED, re.MULTILINE)
]


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda each: each.name)
def test_every_dependency_may_be_distributed_with_this_project(dependency):
    assert dependency.is_accepted


@pytest.mark.parametrize("dependency", EVERYWHERE, ids=lambda each: each.name)
def test_every_dependency_is_listed_on_the_page(dependency):
    assert dependency.row in PAGE, "python3 dev.py audit writes the page anew"


def test_the_page_lists_nothing_that_is_not_locked():
    for name, version in re.findall(r"^\| ([a-z0-9-]+) \| ([\d.]+) \|", PAGE, re.MULTILINE):
        assert f"\n{name}=={version} " in f"\n{LOCKED}", "python3 dev.py audit"


@pytest.mark.parametrize(
    ("licence", "accepted"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0-only OR Apache-2.0", True),
        ("GPL-3.0-only", False),
        ("MIT AND LGPL-2.1-or-later", False),
        ("AGPL-3.0", False),
        ("not declared", False),
    ],
)
def test_a_licence_that_binds_the_whole_distribution_is_rejected(licence, accepted):
    assert licences.Dependency("a", "1", licence).is_accepted is accepted
