"""Chromium without a network: opens a page from disk and records its requests and errors."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page
    from typing_extensions import Self

WIDTHS = {"desktop": 1280, "phone": 390}
SCHEMES = ("light", "dark")
# Requests that Chromium makes itself, not for a page.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


@dataclass
class Seen:
    """An open page, and what it asked for and complained of.

    Attributes:
        page: The page.
        requests: The addresses it asked for, its own included.
        complaints: Errors and warnings of its console, and uncaught exceptions.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Browser:
    """A headless Chromium for as long as the block lasts."""

    def __init__(self, executable: str) -> None:
        self._playwright = sync_playwright().start()
        # Chromium's sandbox does not start for root.
        flags = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else [*QUIET]
        self._chromium = self._playwright.chromium.launch(executable_path=executable, args=flags)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._chromium.close()
        self._playwright.stop()

    @contextmanager
    def opened(self, path: Path, width: int, scheme: str) -> Iterator[Seen]:
        """Open a file at a width, by day (`light`) or by night (`dark`)."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            offline=True,
        )
        seen = Seen(context.new_page())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.on(
            "console",
            lambda message: (
                seen.complaints.append(message.text)
                if message.type in {"error", "warning"}
                else None
            ),
        )
        seen.page.goto(path.as_uri())
        yield seen
        context.close()

    def pictures(self, path: Path, name: str, folder: Path) -> None:
        """Take a picture of the whole page at each width, by day and by night."""
        folder.mkdir(parents=True, exist_ok=True)
        for wide, width in WIDTHS.items():
            for scheme in SCHEMES:
                with self.opened(path, width, scheme) as seen:
                    picture = folder / f"{name}-{wide}-{scheme}.png"
                    seen.page.screenshot(path=picture, full_page=True)

    def picture(self, path: Path, file: Path) -> None:
        """Take the README's picture: the top of the page on a desk, up to the events by name."""
        with self.opened(path, WIDTHS["desktop"], "light") as seen:
            last = seen.page.locator("section[aria-labelledby=events-by-name]").bounding_box()
            assert last
            height = last["y"] + last["height"] + 9
            clip: Any = {"x": 0.0, "y": 0.0, "width": float(WIDTHS["desktop"]), "height": height}
            seen.page.screenshot(path=file, full_page=True, clip=clip)
