"""The page of a dry run, in Chromium without a network, at the widths of a desktop and a phone.

Needs Chromium on the PATH (Debian: apt-get install chromium). `--pictures FOLDER` takes a picture
of each page at each width; `--readme-picture docs/preview.png` takes the picture of the README.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from e2e.browser.chromium import Browser
from e2e.browser.page_checks import check_page
from e2e.browser.pages import PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    assert executable, "Chromium is not on the PATH. Debian: apt-get install chromium"
    with Browser(executable) as running:
        yield running


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_complete_and_readable_at_each_width_and_colour_scheme(
    browser: Browser,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    name: str,
) -> None:
    path = PAGES[name](tmp_path / name)
    check_page(browser, path, name)
    if folder := pytestconfig.getoption("pictures"):
        browser.pictures(path, name, folder)
    if name == "sandbox" and (file := pytestconfig.getoption("readme_picture")):
        browser.picture(path, file)
