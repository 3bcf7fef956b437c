"""The page of a dry run: complete, safe to open, and as small to gather as it is to read."""

import json
import re
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_segment.preview.chart import REST, chart, series
from target_segment.preview.statistics import OTHER_NAMES, Preview, TimeBins
from target_segment.segment_spec import Event

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"properties": {"id": {"type": "integer"}, "user": {"type": ["string", "null"]}}},
    "key_properties": ["id"],
}
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;$title${x}"
VOID = {"meta"}


class Read(HTMLParser):
    """A page's elements, its texts by element, and whether every one is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements: list[Any] = []
        self.open: list[Any] = []
        self.texts: list[Any] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.texts.append((self.open[-1] if self.open else "", text))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def said(self, *tags):
        return [text for tag, text in self.texts if not tags or tag in tags]

    @property
    def whole(self):
        return " ".join("".join(text for tag, text in self.texts if tag != "style").split())


@pytest.fixture
def page(run, settings):
    """Run dry, and read the page."""

    def written(*records, status=0, **config):
        messages = [{"type": "RECORD", "stream": "orders", "record": each} for each in records]
        finished = run({**settings, "dry_run": True, **config}, SCHEMA, *messages)
        assert finished.status == status
        path = next(Path(settings["output_path"]).glob("*.html"))
        assert str(path) in finished.table
        return path, Read(path.read_text(encoding="utf-8"))

    return written


def order(number, **more):
    return {"id": number, "user": f"user-{number}", **more}


def test_the_page_shows_all_parts_of_a_run(page, settings):
    settings["streams"] = {
        "orders": {
            "event": "kind",
            "user_id": "user",
            "anonymous_id": ["device", "basket"],
            "timestamp": "at",
            "when": {"test": None},
            "properties": {"total": "sum", "shop": {"value": "DE"}, "secret": "secret"},
        }
    }
    settings["hash_properties"] = ["secret"]
    records = [
        order(1, kind="Bought", at="2026-11-01T10:00:00Z", sum=5, secret="s"),
        order(2, kind="Bought", at="2026-11-02T10:00:00Z", sum=7),
        {"id": 3, "device": "d", "kind": "Left", "at": "2026-11-03T10:00:00Z", "big": 1},
        {"id": 4, "basket": "b", "kind": "Left", "at": "2026-11-03T11:00:00Z"},
        {"id": 5, "kind": "Left", "at": "2026-11-03T11:00:00Z", "note": "never shown"},
        order(6, test=True),
    ]
    path, read = page(*records)
    for said in (
        "4 events would be sent to Segment",
        "Bought",
        "fallback: basket",
        "anonymousId only",
        "neither userId nor anonymousId",
        "left out by when: test",
        "1 row cannot become events",
        path.with_suffix(".jsonl").name,
        "time of the event (UTC)",
        "field sum",
        'constant "DE"',
        "field secret; hashed",
        "field device, or else field basket",
        "digest of the destination, the stream, the key (id)",
    ):
        assert said in read.whole
    assert "never shown" not in path.read_text()


def test_the_page_is_beside_the_bodies_and_only_its_owner_can_read_it(page):
    path, _ = page(order(1))
    assert path.with_suffix(".jsonl").exists()
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_record_content_becomes_markup(page, settings):
    settings["streams"] = {
        "orders": {"event": "kind", "user_id": "user", "timestamp": "at", "properties": "*"}
    }
    hostile = order(1, kind=HOSTILE, at="2026-11-01T10:00:00Z", **{HOSTILE: {HOSTILE: HOSTILE}})
    path, read = page(hostile, order(2, kind=HOSTILE))
    assert read.whole.count(HOSTILE) > 3
    assert not read.all("script")
    assert not read.all("img")
    assert "${x}" in path.read_text()


def test_the_page_loads_no_other_resource(page):
    path, read = page(order(1))
    text = path.read_text()
    assert not [each for tag in ("script", "link", "iframe", "img", "a") for each in read.all(tag)]
    assert not re.search(r"url\(|@import|src=|href=", text)
    policy = next(each for each in read.all("meta") if "http-equiv" in each)
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"].startswith("default-src 'none'")


def test_the_page_is_accessible_to_screen_readers(page):
    _, read = page(order(1), {"id": 2})
    assert read.all("html") == [{"lang": "en"}]
    assert len(read.said("title")) >= 1
    assert len(read.said("h1")) == 1
    assert len(read.all("section")) > 5
    ids = {attributes.get("id") for _, attributes in read.elements}
    labels = [each["aria-labelledby"] for each in read.all("section") if "role" not in each]
    assert set(labels) <= ids
    assert len(labels) == len(set(labels))
    assert all("scope" in each for each in read.all("th"))
    assert all(each.get("aria-label") for each in read.all("svg"))
    assert {each.get("name") for each in read.all("meta")} >= {"viewport", "color-scheme"}


def test_colours_have_contrast_in_light_and_dark_mode(page):
    path, _ = page(order(1))
    blocks = re.findall(r":root \{(.*?)\}", path.read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", block))
        for text in ("text", "soft"):
            assert contrast(colours[text], colours["card"]) >= 4.5
            assert contrast(colours[text], colours["page"]) >= 4.5
        assert contrast(colours["text"], colours["warn-page"]) >= 4.5
        for number in range(6):
            assert contrast(colours[f"s{number}"], colours["card"]) >= 3


def contrast(one, other):
    """As the Web Content Accessibility Guidelines define it."""

    def light(colour):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_run_without_events_has_a_page_too(page):
    _, read = page()
    assert "0 events would be sent" in read.whole
    assert "No file was made" in read.whole


def test_a_run_that_fails_says_so_on_its_page(page):
    _, read = page(order(1), {"user": "no key"}, status=1)
    assert "did not reach its end (failed)" in read.whole


def test_a_page_that_cannot_be_written_fails_the_run_and_is_named(run, settings, tmp_path):
    (tmp_path / "output").write_text("a file in the way")
    finished = run({**settings, "dry_run": True}, SCHEMA)
    assert finished.status == 1
    assert "change output_path" in finished.errors[0]


# What is gathered.


def event(number, name="Seen", time=None, size=100):
    content = {"type": "track", "event": name, "messageId": f"{number:08}", "properties": {}}
    if time:
        content["timestamp"] = time
    payload = json.dumps(content).encode()
    return Event(
        payload=payload + b" " * (size - len(payload)),
        message_id=f"{number:08}",
        name=name,
        stream="s",
        identity="userId",
    )


def test_the_statistics_have_a_constant_size():
    preview = Preview(datetime(2026, 11, 1, tzinfo=timezone.utc))
    start = datetime(2020, 1, 1, tzinfo=timezone.utc)
    for number in range(3_000):
        time = (start + timedelta(hours=7 * number)).isoformat()
        preview.add([event(number, f"Event {number % 500}", time, size=200 + number)])
    assert len(preview.names) == len(preview.samples) == 51
    assert preview.names[OTHER_NAMES].events == 3_000 - 50 * 6
    assert len(preview.times.counts) <= 60
    assert [len(each.payload) for each in preview.largest] == list(range(3_199, 3_189, -1))
    assert sum(preview.sizes.values()) == 3_000


def test_events_without_a_valid_time_are_counted_separately():
    preview = Preview(datetime(2026, 11, 1, tzinfo=timezone.utc))
    preview.add([event(1), event(2, time="2026-11-01T10:00:00.123456789Z"), event(3, time="x")])
    assert preview.undated == 2
    assert sum(map(len, preview.times.counts.values())) == 1


def test_a_time_far_off_is_counted_and_not_in_the_chart(page, settings):
    settings["streams"] = {"orders": {"user_id": "user", "timestamp": "at"}}
    times = ["1970-01-01T00:00:00Z", "2025-11-01T10:00:00Z", "2999-01-01T00:00:00Z"]
    path, read = page(*(order(number, at=time) for number, time in enumerate(times)))
    assert "1 minute a column" in path.read_text()
    assert (
        "Not in the chart: 2 with a time before 2000, or a day or more after this run" in read.whole
    )


@given(st.lists(st.integers(-(10**10), 10**11), min_size=1, max_size=40))
def test_every_time_is_counted_in_its_column(times):
    bins = TimeBins()
    for time in times:
        bins.add(time, "a")
    expected: dict[int, int] = {}
    for time in times:
        expected[time // bins.width] = expected.get(time // bins.width, 0) + 1
    assert {bin_: names["a"] for bin_, names in bins.counts.items()} == expected
    assert max(expected) - min(expected) < 60


def test_the_chart_distinguishes_six_events_at_most():
    assert series({"b": 1, "a": 2}) == ["a", "b"]
    many = {f"{number}": number for number in range(9)}
    assert series(many) == ["8", "7", "6", "5", "4", REST]


@given(
    st.integers(0, 10**10), st.sampled_from([60, 3_600, 86_400, 10**7, 10**9]), st.integers(1, 60)
)
def test_the_time_labels_of_the_chart_neither_overlap_nor_overflow(start, apart, count):
    bins = TimeBins()
    for number in range(count):
        bins.add(start + number * apart, "a")
    for width in (1040, 360):
        drawing = chart(bins, ["a"], width=width, height=260, label="")
        labels = re.findall(
            r'x="([\d.]+)" y="[\d.]+" text-anchor="middle">([^<,]+)</text>', drawing
        )
        edges = [0.0]
        for x, text in labels:
            # A character of such a text is 7 units wide.
            edges += [float(x) - 3.5 * len(text), float(x) + 3.5 * len(text)]
        assert [*edges, width] == sorted([*edges, width])


def test_a_long_name_is_truncated_in_tables_and_whole_in_its_sample(page, settings):
    settings["streams"] = {"orders": {"event": "kind", "user_id": "user", "timestamp": "at"}}
    name = "Name" * 50
    _, read = page(order(1, kind=name, at="2026-11-01T10:00:00Z"))
    assert len([each for each in read.said("span") if each == name[:59] + "…"]) == 3
    assert any(name in each for each in read.said("summary"))
