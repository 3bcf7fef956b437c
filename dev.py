#!/usr/bin/env python3
"""Developer commands: sets up the environment and runs the task that you name.

    python3 dev.py demo       run the tap and the target on the sandbox: no account, no network
    python3 dev.py test       run the tests; further arguments go to pytest
    python3 dev.py coverage   run the tests and list the branches that they do not cover
    python3 dev.py mutation   run the mutation tests of the pure modules
    python3 dev.py lint       check format, code, types and vocabulary
    python3 dev.py docs       regenerate the parts of README.md, meltano.yml, docs/ and
                              deploy/hub/ that come from the code
    python3 dev.py audit      check the licences and known vulnerabilities of all dependencies
    python3 dev.py lock       update constraints.txt and the other lock files

`python3 dev.py test` runs the fast tests. A marker selects another suite:

    python3 dev.py test -m e2e                  whole runs of the tap and the target
    python3 dev.py test -m fault_injection      random faults: --schedules 300, --seed 17
    python3 dev.py test -m fuzz                 coverage-guided fuzzing: --seconds 60
    python3 dev.py test -m browser              the dry-run page in Chromium
    python3 dev.py test -m composition          other taps and targets, PostgreSQL, S3
    python3 dev.py test -m container            the steps of the Dockerfile, without Docker
    python3 dev.py test -m dagster              backfills with Dagster

The first call needs only git and Python. It installs the versions of constraints.txt, verified by
hash, into .venv in this folder. Later calls reuse it.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import venv
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN_NAME = "Scripts" if os.name == "nt" else "bin"
BIN = VENV / BIN_NAME
PYTHON = BIN / "python"
CONSTRAINTS = ROOT / "constraints.txt"
TESTS = ROOT / "tests"
OLDEST_PYTHON = (3, 10)
DAGSTER = ROOT / "deploy" / "dagster"
# pip's options for a lock file that names every package.
LOCKED = ("--require-hashes", "--no-deps", "--requirement")
# Folders that mypy checks besides the packages, and where they import from.
CHECKED = {"benchmarks": ("benchmarks",), "tests": ("tests", "docs")}


class Suite(NamedTuple):
    """What a marker's suite needs besides constraints.txt.

    Attributes:
        requirements: a lock file whose packages are added to `environment`; None for no others.
        environment: the folder of the environment.
        constraints: the lock file that the environment is made from.
    """

    requirements: Path | None = None
    environment: Path = VENV
    constraints: Path = CONSTRAINTS


_E2E = Suite(TESTS / "e2e" / "requirements.txt")
# By marker. Each runs in one process, so that its progress can be followed.
SUITES = {
    "browser": _E2E,
    "composition": _E2E,
    "container": _E2E,
    # Dagster and moto need different versions of graphql-core.
    "dagster": Suite(None, DAGSTER / ".venv", DAGSTER / "constraints.txt"),
    "fault_injection": Suite(),
    "fuzz": Suite(TESTS / "fuzz" / "requirements.txt"),
}


def run(*command: str | Path, **environ: str) -> None:
    """Run a command from the repository's root; exit with its status if it fails."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV), **environ}
    arguments = [str(part) for part in command]
    finished = subprocess.run(arguments, cwd=ROOT, env=environment, check=False)  # noqa: S603 - ours
    if finished.returncode:
        sys.exit(finished.returncode)


def install(folder: Path = VENV, constraints: Path = CONSTRAINTS) -> Path:
    """Create the environment in a folder, unless it is up to date; its Python.

    Args:
        folder: the folder of the environment.
        constraints: the lock file of all its packages.
    """
    python = folder / BIN_NAME / PYTHON.name
    stamp = folder / "installed"
    required = _digest(constraints, ROOT / "pyproject.toml")
    if not stamp.exists() or stamp.read_text() != required:
        print(f"Setting up {folder.relative_to(ROOT)} (about half a minute) …", flush=True)  # noqa: T201
        venv.create(folder, with_pip=True, clear=True)
        _pip(python, *LOCKED, constraints)
        _pip(python, "--no-deps", "--no-build-isolation", "--editable", ROOT)
        stamp.write_text(required)
    return python


def install_extra(requirements: Path, folder: Path = VENV) -> None:
    """Add the packages of a further lock file to an environment, unless it has them."""
    stamp = folder / f"installed-{requirements.parent.name}"
    required = _digest(requirements)
    if not stamp.exists() or stamp.read_text() != required:
        print(f"Installing {requirements.relative_to(ROOT)} …", flush=True)  # noqa: T201
        _pip(folder / BIN_NAME / PYTHON.name, *LOCKED, requirements)
        stamp.write_text(required)


def _pip(python: Path, *arguments: str | Path) -> None:
    run(python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments)


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def demo() -> None:
    """Freshchat's four events, from the sandbox to files in the form that Segment gets."""
    # The shell may name another environment or project.
    sandbox = {"MELTANO_ENVIRONMENT": "sandbox", "MELTANO_PROJECT_ROOT": str(ROOT)}
    run(BIN / "meltano", "run", "tap-freshchat", "target-segment", **sandbox)


def test() -> None:
    """The tests, or the suite of a marker; further arguments go to pytest."""
    python = PYTHON
    suites = _suites(sys.argv[2:])
    for suite in suites:
        python = install(suite.environment, suite.constraints)
        if suite.requirements:
            install_extra(suite.requirements, suite.environment)
    # By module: the tests of a module share runs of the tap.
    spread = ("--numprocesses=auto", "--dist=loadfile")
    run(python, "-m", "pytest", *(("--capture=no",) if suites else spread), *sys.argv[2:])


def _suites(arguments: list[str]) -> list[Suite]:
    """The suites whose markers the option -m names."""
    expressions = [after for before, after in pairwise(arguments) if before == "-m"]
    return [suite for name, suite in SUITES.items() if re.search(rf"\b{name}\b", str(expressions))]


def coverage() -> None:
    """The tests, and the branches of both packages that they do not cover."""
    program = BIN / "coverage"
    # These fill the disk of both programs, and so that of coverage.
    excluded = ("--ignore=tests/fault_injection", "--ignore=tests/tap/test_disk_full.py")
    spread = ("--numprocesses=auto", "--dist=loadfile")
    run(program, "erase")
    run(program, "run", "-m", "pytest", *spread, *excluded, *sys.argv[2:])
    run(program, "combine", "--quiet")
    run(program, "report")


def mutation() -> None:
    """Mutation tests of the pure modules; `--help` lists their options."""
    install_extra(TESTS / "mutation" / "requirements.txt")
    run(PYTHON, "-m", "mutation.run", *sys.argv[2:], PYTHONPATH=str(TESTS))


def lint() -> None:
    """Format, code, types and vocabulary."""
    run(BIN / "ruff", "format", "--check", ".")
    run(BIN / "ruff", "check", ".")
    run(BIN / "mypy")
    for folder, bases in CHECKED.items():
        run(BIN / "mypy", folder, MYPYPATH=os.pathsep.join(bases))
    run(PYTHON, ROOT / "docs" / "vocabulary.py")


def docs() -> None:
    """The parts of README.md, meltano.yml, docs/ and deploy/hub/ that come from the code."""
    run(PYTHON, ROOT / "docs" / "generate.py")


def audit() -> None:
    """The page of licences, then known vulnerabilities (needs PyPI)."""
    run(PYTHON, ROOT / "docs" / "licences.py")
    # Everything is pinned, so nothing is resolved; a package that PyPI does not know is an error.
    options = ("--disable-pip", "--no-deps", "--strict", "--progress-spinner", "off")
    run(BIN / "uv", "tool", "run", "pip-audit", *options, "--requirement", CONSTRAINTS)


def lock() -> None:
    """The newest versions that the requirements allow, for every Python and system, with hashes."""
    compile_ = (BIN / "uv", "pip", "compile")
    options = ("--universal", "--python-version", "3.10", "--generate-hashes")
    quiet = ("--no-annotate", "--no-header", "--no-emit-index-url", "--quiet")
    project = ("pyproject.toml",)
    extras = ("--extra", "meltano", "--extra", "dev")
    run(*compile_, *project, *extras, *options, *quiet, "-o", CONSTRAINTS)
    same = ("--constraint", CONSTRAINTS)
    image = ("pyproject.toml", "deploy/container/requirements.in", *same)
    run(*compile_, *image, *options, *quiet, "-o", "deploy/container/requirements.txt")
    # All packages of .venv at the same versions, and Dagster.
    run(
        *compile_,
        *project,
        "--all-extras",
        *same,
        *options,
        *quiet,
        "-o",
        DAGSTER / "constraints.txt",
    )
    for suite in ("e2e", "fuzz", "mutation"):
        folder = TESTS / suite
        run(
            *(*compile_, folder / "requirements.in", *same, *options, *quiet),
            *("-o", folder / "requirements.txt"),
        )


if __name__ == "__main__":
    listed = (demo, test, coverage, mutation, lint, docs, audit, lock)
    tasks = {task.__name__: task for task in listed}
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit("Python 3.10 or later is required.")
    if name not in tasks:
        sys.exit(__doc__)
    install()
    tasks[name]()
