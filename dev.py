#!/usr/bin/env python3
"""Sets everything up on a machine that has only git and Python, then runs what is asked.

    python3 dev.py demo    the main job on the embedded Freshchat: no account, no network
    python3 dev.py test    the tests
    python3 dev.py coverage   the tests, and which branches of both packages they leave out
    python3 dev.py lint    format, lint and types
    python3 dev.py docs    write anew what README.md, meltano.yml, docs/ and deploy/hub/ say of the code
    python3 dev.py audit   licences and known vulnerabilities of all that runs with the pair
    python3 dev.py lock    write constraints.txt anew from pyproject.toml, and what the image and
                           deploy/dagster/ have

Everything is installed into .venv beside this file, at the versions and hashes of
constraints.txt; a second call installs nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
CONSTRAINTS = ROOT / "constraints.txt"
OLDEST_PYTHON = (3, 10)


def run(*command: str | Path) -> None:
    """Run a command of the environment from the repository's root; stop when it fails."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV)}
    arguments = [str(part) for part in command]
    finished = subprocess.run(arguments, cwd=ROOT, env=environment, check=False)  # noqa: S603 - ours
    if finished.returncode:
        sys.exit(finished.returncode)


def install(
    folder: Path = VENV, constraints: Path = CONSTRAINTS, *more: str, ours: bool = True
) -> None:
    """Bring an environment to what its constraints and pyproject.toml say, unless it is so already.

    Args:
        folder: the environment's.
        constraints: versions and hashes of all that is in it.
        more: what comes on top, as pip takes it.
        ours: whether the pair itself is in it.
    """
    wanted = hashlib.sha256(constraints.read_bytes() + (ROOT / "pyproject.toml").read_bytes())
    wanted.update(" ".join((*more, str(ours))).encode())
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted.hexdigest():
        return
    print(f"Setting up {folder.relative_to(ROOT)} (about half a minute) …", flush=True)  # noqa: T201
    venv.create(folder, with_pip=True, clear=True)
    python = folder / BIN.name / PYTHON.name
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "--require-hashes", "--no-deps", "--requirement", constraints)
    if ours:
        run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    if more:
        run(*pip, *more)
    stamp.write_text(wanted.hexdigest())


def enter(
    folder: Path = VENV, constraints: Path = CONSTRAINTS, *more: str, ours: bool = True
) -> None:
    """Have the script that calls this go on in an environment; `install` has the arguments."""
    if Path(sys.prefix) != folder:
        install(folder, constraints, *more, ours=ours)
        python = folder / BIN.name / PYTHON.name
        os.execv(python, [str(python), *sys.argv])  # noqa: S606 - the same script


def demo() -> None:
    """Freshchat's four events, from the embedded Freshchat to files as Segment would get them."""
    run(BIN / "meltano", "run", "tap-freshchat", "target-segment")


def test() -> None:
    """The whole test suite, or what further arguments to pytest say."""
    # By module: the tests of one share runs of the tap.
    run(PYTHON, "-m", "pytest", "--numprocesses=auto", "--dist=loadfile", *sys.argv[2:])


def coverage() -> None:
    """The whole test suite, and which branches of both packages it leaves out."""
    program = BIN / "coverage"
    # These fill the disk under both programs, and would under what coverage writes as well.
    spared = (
        "--ignore=tests/fault_injection/test_fault_injection.py",
        "--ignore=tests/tap/test_disk.py",
    )
    spread = ("--numprocesses=auto", "--dist=loadfile")
    run(program, "erase")
    run(program, "run", "-m", "pytest", *spread, *spared, *sys.argv[2:])
    run(program, "combine", "--quiet")
    run(program, "report")


def lint() -> None:
    """Format, lint and types."""
    run(BIN / "ruff", "format", "--check", ".")
    run(BIN / "ruff", "check", ".")
    run(BIN / "mypy")
    run(BIN / "mypy", "benchmarks")


def docs() -> None:
    """What README.md, meltano.yml, docs/ and deploy/hub/ say of the code."""
    run(PYTHON, ROOT / "docs" / "generate.py")


def audit() -> None:
    """What runs with the pair: the page of licences, then known vulnerabilities (needs PyPI)."""
    run(PYTHON, ROOT / "docs" / "licences.py")
    # All is pinned, so nothing is resolved; what cannot be looked up is a failure, not a pass.
    chosen = ("--disable-pip", "--no-deps", "--strict", "--progress-spinner", "off")
    run(BIN / "uv", "tool", "run", "pip-audit", *chosen, "--requirement", CONSTRAINTS)


def lock() -> None:
    """The newest versions that pyproject.toml allows, for every Python and system, with hashes."""
    compile_ = (BIN / "uv", "pip", "compile", "pyproject.toml")
    choices = ("--universal", "--python-version", "3.10", "--generate-hashes")
    quiet = ("--no-annotate", "--no-header", "--no-emit-index-url", "--quiet")
    ours = ("--extra", "meltano", "--extra", "dev")
    run(*compile_, *ours, *choices, *quiet, "-o", CONSTRAINTS)
    same = ("--constraint", CONSTRAINTS)
    image = ("deploy/container/requirements.in", *same)
    run(*compile_, *image, *choices, *quiet, "-o", "deploy/container/requirements.txt")
    # What is in .venv as it is there, and Dagster.
    run(*compile_, "--all-extras", *same, *choices, *quiet, "-o", "deploy/dagster/constraints.txt")


if __name__ == "__main__":
    tasks = {task.__name__: task for task in (demo, test, coverage, lint, docs, audit, lock)}
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit("Python 3.10 or later is needed.")
    if name not in tasks:
        sys.exit(__doc__)
    install()
    tasks[name]()
