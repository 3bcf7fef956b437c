"""Reader of report files."""

import codecs
import csv
import gzip
import io
import struct
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.errors import ReportError, RetryableError
from tap_freshchat.reports.csv_files import rows, save
from tap_freshchat.reports.csv_rows import csv_rows

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
