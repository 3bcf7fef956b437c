"""Reader of report files."""

import io
import struct
import zipfile

import pytest

from tap_freshchat.errors import ReportError, RetryableError
from tap_freshchat.reports.csv_files import rows, save

ROW = {"conversation_id": "c1", "text": 'two\nlines, "quoted" and ünïcode 🎉'}
CSV = 'conversation_id,text\r\nc1,"two\nlines, ""quoted"" and ünïcode 🎉"\r\n'.encode()


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"part-{number}.csv", member)
    return packed.getvalue()


def read(tmp_path, content, names=list):
    path = tmp_path / "file.report"
    save(iter([content[:7], content[7:]]), path)
    return list(rows(path, names))


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


@pytest.mark.parametrize("content", [b"a,b\n1,2\n3\n", b"a,b\n1,2,3\n", b'a,b\n1,"2\n'])
def test_a_row_that_does_not_fit_its_header_is_an_error(tmp_path, content):
    with pytest.raises(ReportError):
        read(tmp_path, content)


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
