"""Generator of docs/licences.md: the packages that tap and target use, with their licences.

`python3 dev.py audit` writes it from the metadata of the packages, and fails on a licence that is
not compatible with Apache-2.0.
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
# SPDX ids of the licences of packages without an SPDX expression.
_SPDX_IDS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_HEAD = """# Licences

The packages that tap and target use, all from PyPI. `python3 dev.py audit` writes this page from
the metadata of the packages, and a test compares it with the installed ones. Versions are those of
Python 3.11; a few differ on other versions of Python, with the same licences.

| Package | Version | Licence |
| --- | --- | --- |
"""


class Dependency(NamedTuple):
    """A package that tap and target use."""

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
    """The packages of this environment that tap and target use, by name."""
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
        return " AND ".join(_SPDX_IDS.get(each, each) for each in classified)
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
