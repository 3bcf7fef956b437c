"""Checks of an open page: content, layout, requests and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.browser.chromium import SCHEMES, WIDTHS
from e2e.browser.pages import FOREIGN, HOSTILE, LONG
from e2e.checks import hold, say

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from e2e.browser.chromium import Browser, Seen

ALWAYS = {"Rejected rows", "Skipped rows"}
WITH_EVENTS = {
    *("Events over time", "Events by name", "Identity", "Sizes"),
    *("Largest events", "A sample of each event"),
}
WITH_ROWS = {"sandbox": True, "hostile": True, "rejected": False, "empty": False}
# Boxes of what is drawn as text, that is visible and not cut off by a box that scrolls.
LABELS = "[...document.querySelectorAll('svg')].filter(e => e.clientWidth).map(svg => \
[...svg.querySelectorAll('.tick')].map(e => e.getBoundingClientRect()).map(b => \
({left: b.left, right: b.right, top: b.top, bottom: b.bottom})))"
OUTSIDE = "[...document.querySelectorAll('main *, header *, footer *')].filter(e => {\
const box = e.getBoundingClientRect();\
return box.width && (box.right > innerWidth + 1 || box.left < -1)\
&& !e.closest('.scroll, pre, .sample thead')}).map(e => e.outerHTML.slice(0, 200))"
SQUEEZED = "[...document.querySelectorAll('.scroll td:not(.n), .scroll th')].filter(e => \
e.clientWidth && e.innerText && e.clientHeight > 3 * e.clientWidth).map(e => e.outerHTML)"
SOURCES = "[...document.querySelectorAll('.sample tbody td:last-child')].map(e => e.innerText)"


def check_page(browser: Browser, path: Path, name: str) -> None:
    """Check a page at every width and colour scheme."""
    pages = []
    for wide, width in WIDTHS.items():
        for scheme in SCHEMES:
            with browser.opened(path, width, scheme) as seen:
                _check(seen, path, name)
                pages.append(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))
            say(f"  ok  {wide}, {width} px, {scheme}")
    hold("day and night differ", pages[0] != pages[1] and pages[2] != pages[3], pages)


def _check(seen: Seen, path: Path, name: str) -> None:
    page = seen.page
    headings = set(page.locator("h2").all_inner_texts())
    expected = ALWAYS | (WITH_EVENTS if WITH_ROWS[name] else set())
    hold("each part is there", headings == expected, headings ^ expected)
    if WITH_ROWS[name]:
        _check_chart(page)
        _check_samples(page)
    if name in {"hostile", "rejected"}:
        hold("rejected rows have reasons", "neither userId nor" in page.inner_text("main"))
    # With every sample open, nothing may stick out either.
    _fits(page)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    _fits(page)
    if name == "hostile":
        text = page.inner_text("body")
        hold("a time far off is not in the chart", "Not in the chart: 1 with a time" in text)
        for written in (HOSTILE, LONG, FOREIGN):
            hold("hostile text is shown as text", written in text, written)
        hold("no markup came from it", page.locator("script, img").count() == 0)
    hold("nothing hostile ran", page.evaluate("document.hostile") is None)
    hold("nothing is asked for but the file", seen.requests == [path.as_uri()], seen.requests)
    hold("no complaint", not seen.complaints, seen.complaints)


def _fits(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    hold("nobody need scroll sideways", wide <= 0, wide)
    outside = page.evaluate(OUTSIDE)
    hold("nothing sticks out", not outside, outside)
    squeezed = page.evaluate(SQUEEZED)
    hold("no text is squeezed into a column of letters", not squeezed, squeezed)


def _check_chart(page: Page) -> None:
    shown = [each for each in page.locator("svg").all() if each.is_visible()]
    hold("one chart is shown", len(shown) == 1, len(shown))
    box: Any = shown[0].bounding_box() or {"width": 0, "height": 0}
    hold("it has a size", box["width"] > 300 and box["height"] > 200, box)
    hold("it has columns", shown[0].locator("rect").count() > 1)
    for boxes in page.evaluate(LABELS):
        for number, one in enumerate(boxes):
            for other in boxes[number + 1 :]:
                apart = (
                    one["right"] < other["left"]
                    or other["right"] < one["left"]
                    or one["bottom"] <= other["top"]
                    or other["bottom"] <= one["top"]
                )
                hold("its labels stand apart", apart, (one, other))


def _check_samples(page: Page) -> None:
    names = page.locator("section[aria-labelledby=events-by-name] tbody tr").count()
    samples = page.locator("section[aria-labelledby=a-sample-of-each-event] > details").count()
    hold("each event has a sample", names == samples > 0, (names, samples))
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    sources = page.evaluate(SOURCES)
    hold("each part of it is explained", sources and all(sources), sources)
    page.evaluate("document.querySelectorAll('details').forEach((each, n) => each.open = !n)")
