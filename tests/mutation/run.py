"""Mutation tests of the pure modules: which small changes of the code does no test detect?

    python3 dev.py mutation                                          each module, 60 mutants
    python3 dev.py mutation target_segment/mapping/values.py        one of them
    python3 dev.py mutation --sample 0 --show                        all mutants, with the diffs
                                                                     of the survivors

mutmut works in a copy of the repository, .copy beside this file. A mutant is killed if a test
fails, does not end, or mypy reports an error.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from mutation.cores import CORES, PURE, ROOT

HERE = Path(__file__).resolve().parent
COPY = HERE / ".copy"
PYTHON = Path(sys.executable)
# No test promises the wording of errors.
UNTOUCHED = r"^\s*raise\b"
# mypy's, which mutmut's way of putting all mutants into one file provokes.
BESIDE_THE_POINT = ("no-redef", "has-type", "misc", "import-not-found", "var-annotated")
# mutmut's, in its `stats.status_by_exit_code`.
LIVED, UNTESTED, MISTYPED = 0, 33, 37


CONFTEST = """\
from hypothesis import settings

# Few examples, and the same ones each time.
settings.register_profile("mutation", derandomize=True, max_examples=25, database=None)
settings.load_profile("mutation")
"""
NAMES = """\
import sys
from pathlib import Path
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name
path = Path(sys.argv[1])
for name in mutate_file_contents(str(path), path.read_text()).mutant_names:
    print(get_mutant_name(path, name))
"""
SHOW = """\
import sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
for name in sys.argv[2:]:
    print(get_diff_for_mutant(name, path=sys.argv[1]))
"""
RUN = "from mutmut.__main__ import cli; cli()"


def copy() -> None:
    """Copy what git knows of, or would add, to where mutmut works."""
    shutil.rmtree(COPY, ignore_errors=True)
    listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    (COPY / "conftest.py").write_text(CONFTEST)


def configure(module: str) -> None:
    """Tell mutmut what to change in its copy, and which tests to run."""
    packages = ["target_segment", "tap_freshchat", "freshchat_sandbox"]
    mypy = ["mypy", "--config-file=", "--check-untyped-defs", "--output", "json", *packages]
    mypy += [f"--disable-error-code={code}" for code in BESIDE_THE_POINT]
    settings = {
        "source_paths": packages,
        "only_mutate": [module],
        "also_copy": sorted({path.name for path in COPY.iterdir()} - {*packages, "mutants"}),
        "do_not_mutate_patterns": [UNTOUCHED],
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
        "pytest_add_cli_args_test_selection": CORES[module],
        "type_check_command": mypy,
    }
    # JSON's texts and lists of texts are TOML's too.
    table = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    ours = (ROOT / "pyproject.toml").read_text()
    (COPY / "pyproject.toml").write_text(f"{ours}\n[tool.mutmut]\n{table}")


def python(program: str, *arguments: str) -> str:
    """Run a few lines with mutmut in the copy; return what they print.

    Raises:
        SystemExit: They failed, as when a test fails without any mutant.
    """
    path = os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])
    finished = subprocess.run(
        [str(PYTHON), "-c", program, *arguments],
        cwd=COPY,
        env={**os.environ, "PATH": path},
        # A signal that a test's run sends its group goes no further.
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        sys.exit(finished.stdout[-4000:] + finished.stderr[-4000:])
    return finished.stdout


def is_pure(module: str, mutant: str) -> bool:
    """Tell whether a mutant is of a function that belongs to the core."""
    function = mutant.rpartition(".")[2].rpartition("__mutmut_")[0]
    # mutmut writes `judge` as `x_judge`, and `Sender.send` as `xǁSenderǁsend`.
    name = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return module not in PURE or name in PURE[module]


def mutate(module: str, sample: int, seed: int, *, show: bool) -> bool:
    """Run a module's mutants and print what became of them; whether any lived."""
    configure(module)
    shutil.rmtree(COPY / "mutants", ignore_errors=True)
    possible = [name for name in python(NAMES, module).split() if is_pure(module, name)]
    chosen = possible
    if 0 < sample < len(possible):
        chosen = random.Random(seed).sample(possible, sample)
    python(RUN, "run", "--max-children", "1", *chosen)
    codes = json.loads((COPY / "mutants" / f"{module}.meta").read_text())["exit_code_by_key"]
    lived = [name for name in chosen if codes[name] in (LIVED, UNTESTED)]
    mistyped = sum(codes[name] == MISTYPED for name in chosen)
    print(
        f"{module:<34} {len(possible):4} mutants, {len(chosen):3} tried:"
        f" {len(chosen) - len(lived) - mistyped:3} killed by tests, {mistyped:3} by types,"
        f" {len(lived):3} lived",
        flush=True,
    )
    if show and lived:
        print(python(SHOW, module, *lived), flush=True)
    return bool(lived)


def main() -> int:
    """Mutate what is asked for."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("modules", nargs="*", metavar="module", default=[*CORES])
    arguments.add_argument("--sample", type=int, default=60, help="at most so many; 0 for all")
    arguments.add_argument("--seed", type=int, default=1, help="of the sample")
    arguments.add_argument("--show", action="store_true", help="what the mutants that lived are")
    asked = arguments.parse_args()
    if unknown := set(asked.modules) - set(CORES):
        arguments.error(f"no core: {', '.join(sorted(unknown))}; see tests/mutation/cores.py")
    os.nice(10)
    copy()
    lived = [mutate(m, asked.sample, asked.seed, show=asked.show) for m in asked.modules]
    return int(any(lived))


if __name__ == "__main__":
    sys.exit(main())
