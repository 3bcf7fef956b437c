"""Writes docs/licences.md: what runs with the pair, and under which licence.

`python3 dev.py audit` writes it anew from what the packages themselves declare, and fails on a
licence that may not be distributed along with Apache-2.0.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).resolve().parent / "licences.md"
PACKAGE = "tap-freshchat-target-segment"
# Licences that ask for no more than a notice, and MPL-2.0, which holds file by file (the Apache
# Software Foundation's categories A and B).
ACCEPTED = frozenset(
    {
        *("Apache-2.0", "MIT", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "PSF-2.0"),
        *("MPL-2.0", "Unlicense", "Zlib"),
    }
)
# What packages without an SPDX expression write, by what it stands for.
_SPELLINGS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_HEAD = """# Licences

What is installed with the pair and runs with it, all of it from PyPI. Written by
`python3 dev.py audit` from what each package declares of itself; a test holds it to what is
installed. Versions are those of Python 3.11; other Pythons have other versions of a few, which
the test holds to the same licences.

| Package | Version | Licence |
| --- | --- | --- |
"""


class Dependency(NamedTuple):
    """One package that runs with the pair."""

    name: str
    version: str
    licence: str

    @property
    def row(self) -> str:
        """Its line in the page."""
        return f"| {self.name} | {self.version} | {self.licence} |"

    @property
    def is_accepted(self) -> bool:
        """Whether it may be distributed along with Apache-2.0: one side of each OR may."""
        return any(
            all(part.strip(" ()") in ACCEPTED for part in re.split(r"\bAND\b", choice))
            for choice in re.split(r"\bOR\b", self.licence)
        )


def dependencies() -> list[Dependency]:
    """What runs with the pair in this environment, by name."""
    found: dict[str, Dependency] = {}
    waiting = [PACKAGE]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        package = distribution(name)
        found[name] = Dependency(name, package.version, licence_of(package))
        for text in package.requires or ():
            requirement = Requirement(text)
            extras = {"extra": ""}
            if requirement.marker is None or requirement.marker.evaluate(extras):
                waiting.append(requirement.name)
    del found[PACKAGE]
    return sorted(found.values())


def licence_of(package: Distribution) -> str:
    """What a package says of its licence: an SPDX expression, a classifier, or a word."""
    declared = package.metadata
    if expression := declared.get("License-Expression"):
        return str(expression)
    classified = [
        each.rpartition(" :: ")[2]
        for each in declared.get_all("Classifier") or ()
        if each.startswith("License ::")
    ]
    if classified:
        return " AND ".join(_SPELLINGS.get(each, each) for each in classified)
    return (declared.get("License") or "not declared").partition("\n")[0]


def main() -> int:
    """Write the page; name what may not be distributed."""
    found = dependencies()
    PAGE.write_text(_HEAD + "".join(f"{each.row}\n" for each in found), encoding="utf-8")
    refused = [each for each in found if not each.is_accepted]
    for each in refused:
        sys.stderr.write(f"{each.name} {each.version}: {each.licence} is not among ACCEPTED\n")
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main())
