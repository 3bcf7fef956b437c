"""Reader of report files."""

import codecs
import csv
import gzip
import io
import struct
import subprocess
import sys
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.errors import ReportError, RetryableError
from tap_freshchat.reports.csv_files import rows, save
from tap_freshchat.reports.csv_rows import MAX_FIELD_CHARACTERS, csv_rows

ROW = {"conversation_id": "c1", "text": 'two\nlines, "quoted" and ünïcode 🎉'}
CSV = 'conversation_id,text\r\nc1,"two\nlines, ""quoted"" and ünïcode 🎉"\r\n'.encode()


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"part-{number}.csv", member)
    return packed.getvalue()


def read(tmp_path, content, names=list, rejected=None):
    """The rows of a file; what is set aside is an error unless `rejected` takes it."""
    path = tmp_path / "file.report"
    save(iter([content[:7], content[7:]]), path)

    def reject(line, reason, cells):
        assert rejected is not None, reason
        rejected.append((line, reason, list(cells)))

    return [row for _, row in rows(path, names, reject)]


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (CSV, 1),
        (b"\xef\xbb\xbf" + CSV, 1),
        (zipped(CSV), 1),
        (zipped(b"\xef\xbb\xbf" + CSV, CSV), 2),
        (zipped(b"", CSV, b"conversation_id,text\r\n"), 1),
        (zipped(), 0),
        (b"", 0),
        (b"conversation_id,text\n", 0),
        (b"\n\r\n" + CSV, 1),
        (b"\xef\xbb\xbf \n" + CSV, 1),
        (zipped(b"\n" + CSV), 1),
        (b"\n \n", 0),
    ],
)
def test_rows_are_read_from_every_kind_of_file(tmp_path, content, count):
    assert read(tmp_path, content) == [ROW] * count


def test_columns_are_named_file_by_file(tmp_path):
    content = zipped(b"Conversation ID\nc1\n", b"conversation_id\nc2\n")
    found = read(tmp_path, content, lambda headers: [h.lower().replace(" ", "_") for h in headers])
    assert [row["conversation_id"] for row in found] == ["c1", "c2"]


def test_a_file_that_is_markup_is_fetched_again(tmp_path):
    with pytest.raises(RetryableError, match="markup"):
        read(tmp_path, b"<html><body>Sign in</body></html>")


@pytest.mark.parametrize("kept", [10, 60, -30])
def test_a_truncated_archive_is_fetched_again(tmp_path, kept):
    with pytest.raises(RetryableError, match="truncated"):
        read(tmp_path, zipped(CSV * 50)[:kept])


def test_an_archive_with_damaged_content_is_an_error(tmp_path):
    content = bytearray(zipped(CSV * 50, method=zipfile.ZIP_STORED))
    content[200] ^= 0xFF
    with pytest.raises(ReportError, match="BadZipFile"):
        read(tmp_path, bytes(content))


def test_an_encrypted_archive_is_an_error_without_a_traceback(tmp_path):
    content = bytearray(zipped(CSV))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ReportError, match="RuntimeError"):
        read(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        ('"a, b"', "a, b"),
        (' "a, b"', "a, b"),
        ('"abc"d', "abcd"),
        ('5" pipe', '5" pipe'),
        ('"say ""hi"", ok"', 'say "hi", ok'),
        ('"say \\"hi\\" ok"', 'say "hi" ok'),
        ("a\nb", "a\nb"),
        ("a\rb", "a\rb"),
        ('"a\r\nb"', "a\r\nb"),
        ("a\u2028b\x0bc\x85d", "a\u2028b\x0bc\x85d"),
        ("a\0b", "a\ufffdb"),
        ('"C:\\"', "C:\\"),
    ],
)
def test_a_row_in_any_usual_way_of_writing_is_read_and_costs_no_other(tmp_path, odd, text):
    lines = ["id,text,when", "1,one,t", f"2,{odd},t", "3,three,t"]
    found = read(tmp_path, "\r\n".join(lines).encode())
    assert found == [
        {"id": "1", "text": "one", "when": "t"},
        {"id": "2", "text": text, "when": "t"},
        {"id": "3", "text": "three", "when": "t"},
    ]


@pytest.mark.parametrize(
    "content",
    [
        "id,text\n1,one\n\n2,two\n",
        "id,text\n1,one\n,\n2,two\n",
        "id,text\n1,one\nid,text\n2,two\n",
        "id,text\n1,one,\n2,two,\n",
        "id,text,\n1,one\n2,two\n",
        "id,text,\n1,one,\n2,two,\n",
        "id,text\n1,one\n2,two\n \n",
        "id,text\n1,one\n2,two\n\x1a",
        "id,text\n1,one\n2,two\n" + "\0" * 100,
        "id;text\n1;one\n2;two\n",
        "id\ttext\n1\tone\n2\ttwo\n",
        "sep=,\nid,text\n1,one\n2,two\n",
        "\ufeff\ufeffid,text\n1,one\n2,two\n",
        "id,text\r1,one\r2,two\r",
        "id,text,text\n1,one,\n2,,two\n",
    ],
)
def test_what_other_exporters_add_to_a_file_is_no_row(tmp_path, content):
    rows_of_two = [{"id": "1", "text": "one"}, {"id": "2", "text": "two"}]
    assert read(tmp_path, content.encode()) == rows_of_two
    assert read(tmp_path, gzip.compress(content.encode())) == rows_of_two
    assert read(tmp_path, zipped(content.encode())) == rows_of_two
    utf16 = codecs.BOM_UTF16_LE + content.lstrip("\ufeff").encode("utf-16-le")
    assert read(tmp_path, utf16) == rows_of_two


def test_lines_before_the_header_are_no_header(tmp_path):
    def names(headers):
        if "id" not in headers:
            raise ReportError(f"no id in {headers}")
        return headers

    content = b"Chat report\nFrom,2026\n\nid,text\n1,one\n"
    assert read(tmp_path, content, names) == [{"id": "1", "text": "one"}]
    with pytest.raises(ReportError, match="no id in .'Chat report'"):
        read(tmp_path, b"Chat report\n1,one\n", names)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ("2,a,b,c", "has 4 cells instead of 3"),
        ('2,"a,b,c', "has a quote that is not closed"),
        ('2,"a"b,c"d,e', "has a quote that is not closed"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_row_that_cannot_be_read_is_set_aside_and_costs_no_other(tmp_path, odd, reason, place):
    good = ["1,one,t", "3,three,t"]
    lines = [*good[:place], odd, *good[place:]]
    rejected: list[Any] = []
    found = read(tmp_path, "\n".join(["id,text,when", *lines]).encode(), rejected=rejected)
    assert [row["id"] for row in found] == ["1", "3"]
    assert [(line, reason) for line, reason, _ in rejected] == [(place + 2, reason)]


def test_cells_left_out_at_the_end_are_blank(tmp_path):
    found = read(tmp_path, b"id,text,url,note\n1,one\n2,two,u,n\n")
    assert found == [
        {"id": "1", "text": "one", "url": "", "note": ""},
        {"id": "2", "text": "two", "url": "u", "note": "n"},
    ]


_CELL = st.text(alphabet=st.sampled_from('ab ,;"\n\r\\\u2028é'), max_size=8)


@given(st.lists(st.tuples(st.sampled_from("123"), _CELL, _CELL), max_size=8))
def test_every_well_formed_file_is_read_as_it_was_written(cells):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("id", "x", "y"), *cells])
    text.seek(0)
    found = [tuple(row.values()) for _, row in csv_rows(text, list, lambda *_: pytest.fail("row"))]
    assert found == cells


@given(
    before=st.integers(min_value=0, max_value=5),
    after=st.integers(min_value=3, max_value=9),
    odd=st.text(alphabet=st.sampled_from('ab ,"\n\\'), max_size=20),
)
def test_whatever_a_line_holds_the_rows_far_from_it_are_read(before, after, odd):
    good = [f"{number},text {number},t" for number in range(before + after)]
    lines = ["id,text,when", *good[:before], odd, *good[before:]]
    found = [row for _, row in csv_rows(io.StringIO("\n".join(lines)), list, lambda *_: None)]
    whole = [",".join(row.values()) for row in found]
    assert [line for line in good[:before] if line not in whole] == []
    # A text without an end may be joined to the line after it, no further.
    assert len([line for line in good[before:] if line not in whole]) <= 1 + odd.count("\n")


def test_a_header_without_names_is_an_error(tmp_path):
    with pytest.raises(ReportError, match="has 2 columns without names"):
        read(tmp_path, b",\n1,2\n")


def test_an_archive_that_counts_the_same_bytes_many_times_is_not_read(tmp_path):
    packed = zipped(CSV * 1500, method=zipfile.ZIP_STORED)
    directory, end = packed.rindex(b"PK\x01\x02"), packed.rindex(b"PK\x05\x06")
    entries, count = packed[directory:end] * 400, struct.pack("<H", 400)
    size = struct.pack("<L", len(entries))
    tail = packed[end : end + 8] + 2 * count + size + packed[end + 16 :]
    with pytest.raises(ReportError, match="not a report"):
        read(tmp_path, packed[:directory] + entries + tail)


def test_an_archive_that_unpacks_to_far_more_than_it_is_is_not_read(tmp_path):
    with pytest.raises(ReportError, match="not a report"):
        read(tmp_path, zipped(b"a\n" + b"0" * 50_000_000))


def test_a_byte_that_is_not_utf8_does_not_stop_a_sync(tmp_path):
    assert read(tmp_path, b"a\ncut \xf0\x9f\x8e\n") == [{"a": "cut \ufffd"}]


def test_a_field_as_long_as_a_long_conversation_is_read(tmp_path):
    assert len(read(tmp_path, b"a\n" + b"x" * 1_000_000 + b"\n")[0]["a"]) == 1_000_000


def archive_of(count, *, plain, zip64=False, at_locator=True):
    """An archive of so many members in a directory that is all; `plain` is what its end says."""
    entry = b"PK\x01\x02" + b"\0" * 24 + struct.pack("<H", 1) + b"\0" * 16 + b"a"
    directory = entry * count
    start, end = b"PK\x03\x04" + b"\0" * 26, b""
    if zip64:
        place = len(start) + len(directory)
        sizes = struct.pack("<4Q", count, count, len(directory), len(start))
        end = b"PK\x06\x06" + struct.pack("<QHHII", 44, 45, 45, 0, 0) + sizes
        end += b"PK\x06\x07" + struct.pack("<IQI", 0, place if at_locator else 0, 1)
    members, size = plain
    end += b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, members, members, size, len(start), 0)
    return start + directory + end


@pytest.mark.parametrize(
    "end",
    [
        {"plain": (20_000, 47 * 20_000)},
        {"plain": (0xFFFF, 0xFFFFFFFF), "zip64": True},
        # zipfile goes by the ZIP64 record whatever the plain one says.
        {"plain": (1, 47), "zip64": True},
        {"plain": (1, 47), "zip64": True, "at_locator": False},
    ],
)
def test_an_archive_of_too_many_members_is_refused_before_they_are_listed(tmp_path, end):
    with pytest.raises(ReportError, match="more than 10,000 files"):
        read(tmp_path, archive_of(20_000, **end))


def test_an_archive_whose_end_is_in_a_zip64_record_is_read(tmp_path):
    packed = zipped(CSV)
    at = packed.rindex(b"PK\x05\x06")
    count, _, size, offset = struct.unpack("<HHII", packed[at + 8 : at + 20])
    record = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, at, 1)
    ones = b"PK\x05\x06" + b"\0" * 4 + b"\xff" * 12 + b"\0\0"
    assert read(tmp_path, packed[:at] + b"PK\x06\x06" + record + locator + ones) == [ROW]


def refuse(headers):
    raise ReportError(f"no header: {headers}")


def test_a_header_without_end_is_an_error_and_no_silence(tmp_path):
    with pytest.raises(ReportError, match="first line of a report is too long"):
        read(tmp_path, b"conversation_id," + b"x" * (MAX_FIELD_CHARACTERS + 1))
    with pytest.raises(ReportError, match="first line of a report is too long"):
        read(
            tmp_path, b"conversation_id," + b"x" * (MAX_FIELD_CHARACTERS + 1) + b"\nc1,1\n", refuse
        )


# Peak memory in MB above that of a process that reads a small report. It is far below what the
# input would take: 700 MB for the members, 400 MB for the columns.
BOUND_MB = 200
READ_IN_A_PROCESS = """
import resource, sys
from functools import partial
from pathlib import Path
from tap_freshchat.errors import ReportError
from tap_freshchat.reports.columns import map_columns
from tap_freshchat.reports.csv_files import rows
names = partial(map_columns, "Conversation-Created", stream="s", extra={})
try:
    print(sum(1 for _ in rows(Path(sys.argv[1]), names, lambda *_: None)))
except ReportError as error:
    assert len(str(error)) < 1000
    print("refused")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
HEAD = b"conversation_id,created_at,text\n"
LINE = b"c1,2026-11-22 12:00:00,"


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        pytest.param(lambda: archive_of(2_000_000, plain=(1, 47), zip64=True), "refused", id="zip"),
        pytest.param(lambda: b",".join([b"h"] * 1_000_000) + b"\n", "refused", id="columns"),
        pytest.param(lambda: b"x" * 12_000_000 + b"," + HEAD + LINE, "1", id="header"),
        pytest.param(lambda: HEAD + LINE + b"y" * 12_000_000, "1", id="cell"),
        pytest.param(
            lambda: HEAD + LINE + b'"' + b"\t\n" * 5_000_000, "1", id="quote", marks=pytest.mark.e2e
        ),
    ],
)
def test_an_input_of_any_size_takes_bounded_memory(tmp_path, content, outcome):
    small = tmp_path / "small.report"
    small.write_bytes(CSV)
    large = tmp_path / "large.report"
    large.write_bytes(content())
    peaks = []
    for path in (small, large):
        command = [sys.executable, "-c", READ_IN_A_PROCESS, str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        found, peak = ended.stdout.split()
        peaks.append(int(peak) / 1024)
    assert found == outcome
    assert peaks[1] - peaks[0] < BOUND_MB


def test_a_header_that_repeats_with_a_byte_order_mark_is_no_row(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbf" + CSV + b"\xef\xbb\xbf" + CSV) == [ROW, ROW]
