#!/usr/bin/env python3
"""Opens pages of dry runs in Chromium, at a desk's and a phone's width, and checks what is seen.

    python3 tests/e2e/browser/test_dry_run_page.py                       the checks
    python3 tests/e2e/browser/test_dry_run_page.py --pictures FOLDER     and a picture of each page, at each width
    python3 tests/e2e/browser/test_dry_run_page.py --picture FILE.png    only the README's picture

It needs Chromium (Debian: apt-get install chromium). What drives it is installed once, into
tests/e2e/browser/.venv. No network is used but for that.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[3]))

import dev  # noqa: E402 - at the top of the repository

VENV = HERE / ".venv"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main() -> None:
    """Make the pages, open them, check them."""
    from e2e.browser.chromium import Browser  # noqa: PLC0415 - needs what is installed
    from e2e.browser.page_checks import check_page  # noqa: PLC0415 - the same
    from e2e.browser.pages import PAGES  # noqa: PLC0415 - the same

    wanted = _arguments()
    with tempfile.TemporaryDirectory() as folder, Browser(_chromium()) as browser:
        for name, make in PAGES.items():
            path = make(Path(folder) / name)
            if wanted.picture:
                browser.picture(path, wanted.picture)
                return
            print(name)  # noqa: T201 - a script's output
            check_page(browser, path, name)
            if wanted.pictures:
                browser.pictures(path, name, wanted.pictures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--picture", type=Path, metavar="FILE.png")
    return parser.parse_args()


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        sys.exit("Chromium is not on the PATH. Debian: apt-get install chromium")
    return found


if __name__ == "__main__":
    _chromium()
    dev.enter(VENV, HERE / "requirements.txt", ours=False)
    main()
