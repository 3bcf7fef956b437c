"""Raw-report streams, compared with the sandbox's rows and ground truth."""

import csv
import io
import json
from collections import Counter
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import EVENT_STREAMS, run_tap, truth

import freshchat_sandbox as sandbox
from freshchat_sandbox.account.account import SandboxAccount
from freshchat_sandbox.account.timestamps import from_datetime
from freshchat_sandbox.readings import Readings
from freshchat_sandbox.reports.catalog import REPORTS, hidden_columns
from tap_freshchat.errors import ReportError
from tap_freshchat.reports import catalog, columns
from tap_freshchat.tap import TapFreshchat
from tap_freshchat.times import parse_time

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
TAP = TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False)
STREAMS = {
    name: stream.reports[0]  # type: ignore[attr-defined] # of the streams of reports
    for name, stream in TAP.streams.items()
    if name.startswith("report_")
}
READ_BY_EVENTS = (
    *("report_conversation_created", "report_conversation_agent_assigned"),
    *("report_conversation_group_assigned", "report_conversation_resolved"),
    *("report_conversation_resolution_label", "report_agent_activity"),
    *("report_agent_intelliassign_activity", "report_chat_transcript"),
)


def printed(report, since, until, url="sandbox://"):
    """Return the distinct rows of a report in the sandbox, as texts by column."""
    kind = REPORTS[report]
    account = SandboxAccount(sandbox.Options.from_url(url))
    text = io.StringIO()
    rows = kind.rows_between(account, from_datetime(since), from_datetime(until), with_pii=True)
    csv.writer(text).writerows([kind.columns, *rows])
    text.seek(0)
    shown = [{name: row[name] for name in shown_columns(report)} for row in csv.DictReader(text)]
    return {tuple(row.items()): row for row in shown}.values()


def shown_columns(report):
    """Return the columns of a report that the account has."""
    hidden = hidden_columns(report, Readings())
    return [name for name in REPORTS[report].columns if name not in hidden]


def as_printed(record, report):
    """Return the values of a row from its record, without the hash."""
    row = {}
    for column in shown_columns(report):
        value = record["created_time"] if column.startswith("created_") else record[column]
        row[column] = value
    assert record.keys() <= {*row, "created_time", "id", "extra", "interaction_id"}
    return row


def the_same(reported, row):
    for column, text in row.items():
        value = reported[column]
        if column.startswith("created_"):
            assert parse_time(value) == parse_time(text)
        elif isinstance(value, bool):
            assert text == str(value).lower()
        elif isinstance(value, float):
            assert float(text) == value
        elif isinstance(value, list):
            assert json.loads(text) == value
        else:
            assert (value or "") == text


def key(row):
    """Return a key by which rows are sorted."""
    time = next(parse_time(text) for name, text in row.items() if name.startswith("created_"))
    names = ("message_id", "csat_id", "interaction_id", "agent_id")
    return (time, *(row.get(name) or "" for name in names))


@pytest.fixture(scope="module")
def week():
    return run_tap(NOON, streams=tuple(STREAMS))


def test_there_are_thirteen_raw_report_streams():
    assert len(STREAMS) == 13
    assert set(STREAMS.values()) == REPORTS.keys() - {"agent-performance", "classic"}


@pytest.mark.parametrize("stream", STREAMS)
def test_every_row_is_a_record_with_every_column_in_its_type(stream, week):
    report = STREAMS[stream]
    # Rows appear in reports when they are some minutes old; the run reads up to a quarter ago.
    rows = {key(row): row for row in printed(report, week.since, week.until)}
    records = {}
    for record in week.records[stream]:
        reported = as_printed(record, report)
        records[key(reported)] = reported
        assert record["extra"] is None
    assert len(records) == len(week.records[stream])
    assert records.keys() == rows.keys()
    for each, reported in records.items():
        the_same(reported, rows[each])


def test_durations_ratings_and_flags_are_typed(week):
    for stream in ("report_first_response_time", "report_response_time", "report_resolution_time"):
        assert all(isinstance(each["value_in_seconds"], float) for each in week.records[stream])
    assert {each["value"] for each in week.records["report_csat_score"]} <= {1, 2, 3, 4, 5}
    flags = {each["reopened"] for each in week.records["report_conversation_created"]}
    assert flags == {True, False}


def test_the_reports_agree_with_what_happened(week):
    kinds = Counter(each.kind for each in truth("sandbox://", week.since, week.until))
    for stream, kind in (
        ("report_conversation_agent_assigned", "assigned_to_agent"),
        ("report_conversation_group_assigned", "assigned_to_group"),
        ("report_conversation_resolved", "resolved"),
        ("report_resolution_time", "resolved"),
        ("report_agent_activity", "availability"),
        ("report_agent_intelliassign_activity", "intelliassign"),
        ("report_chat_transcript", "message"),
    ):
        assert len(week.records[stream]) == kinds[kind]


@pytest.mark.e2e
def test_another_style_of_headers_gives_the_same_records_and_ids(week):
    titled = run_tap(NOON, streams=tuple(STREAMS), url="sandbox://?header_style=title")
    for stream in STREAMS:
        # Files differ in how they are cut, so rows may come in another order.
        ids = [sorted(each["id"] for each in run.records[stream]) for run in (titled, week)]
        assert ids[0] == ids[1]


@pytest.mark.e2e
def test_runs_every_quarter_of_an_hour_report_every_row_once(week):
    start = (NOON - DAY).isoformat()
    runs = [run_tap(NOON, streams=tuple(STREAMS), start_date=start)]
    for number in range(1, 4):
        moment = NOON + number * QUARTER
        runs.append(run_tap(moment, runs[-1].state, streams=tuple(STREAMS), start_date=start))
    for stream, report in STREAMS.items():
        reported = [each["id"] for run in runs for each in run.records[stream]]
        assert len(reported) == len(set(reported))
        assert len(reported) == len(printed(report, NOON - DAY, runs[-1].until))
    assert run_tap(NOON, week.state, streams=tuple(STREAMS)).records == {}


@pytest.mark.e2e
def test_a_report_that_event_streams_also_read_is_requested_once():
    events = run_tap(NOON, streams=EVENT_STREAMS)
    both = run_tap(NOON, streams=(*EVENT_STREAMS, *READ_BY_EVENTS))
    jobs = [run.requests.count("POST /v2/reports/raw") for run in (events, both)]
    files = [sum("/extracts/" in each for each in run.requests) for run in (events, both)]
    assert jobs[0] == jobs[1]
    assert files[0] == files[1]
    assert both.records.keys() == {*EVENT_STREAMS, *READ_BY_EVENTS}
    later = [
        run_tap(NOON + QUARTER, run.state, streams=streams).requests.count("POST /v2/reports/raw")
        for run, streams in ((events, EVENT_STREAMS), (both, (*EVENT_STREAMS, *READ_BY_EVENTS)))
    ]
    assert later[0] == later[1]


def test_a_report_that_is_not_selected_is_not_requested():
    run = run_tap(NOON, streams=("report_csat_score",))
    assert run.records.keys() == {"report_csat_score"}
    assert run.requests.count("POST /v2/reports/raw") == 1
    assert not any("users" in each or "conversations" in each for each in run.requests)


def with_file(text):
    """Faults that put another file in the place of every report's."""

    def faults(request):
        return sandbox.Response(200, {}, text.encode()) if "/extracts/" in request.path else None

    return faults


def test_a_row_whose_time_has_no_column_ends_in_an_error_that_names_headers_and_setting():
    faults = with_file("Conversation Id,Stars,When\nc,4,2026-11-20 10:00:00.0\n")
    with pytest.raises(ReportError) as error:
        run_tap(NOON, streams=("report_csat_score",), faults=faults)
    text = str(error.value)
    assert "Conversation Id, Stars, When" in text
    assert '{"report_csat_score": {"created_at": ["<header>"]}}' in text


def test_a_file_of_times_that_are_none_ends_in_an_error_without_a_text():
    rows = "".join(f"a{number},on,yesterday evening\n" for number in range(5))
    faults = with_file(f"agent_id,status,created_at\n{rows}")
    with pytest.raises(ReportError, match="report_columns") as error:
        run_tap(NOON, streams=("report_agent_activity",), faults=faults)
    assert "yesterday" not in str(error.value)


def test_the_setting_names_a_column_and_undeclared_columns_are_kept():
    faults = with_file(
        "Id,Extra,Conversation Id,Stars,When,Mood\n"
        "9,more,c,four,2026-11-20 10:00:00.5,good\n"
        "9,more,c,four,2026-11-20 10:00:00.5,good\n"
    )
    columns = {"report_csat_score": {"created_at": ["When"], "value": ["Stars"]}}
    run = run_tap(NOON, streams=("report_csat_score",), faults=faults, report_columns=columns)
    [record] = run.records["report_csat_score"]
    assert record["created_time"] == "2026-11-20T10:00:00.500000+00:00"
    assert record["conversation_id"] == "c"
    assert record["value"] is None
    assert record["extra"] == {"id": "9", "extra": "more", "value": "four", "mood": "good"}
    assert len(record["id"]) == 32


def test_a_raw_report_needs_no_column_but_its_time():
    faults = with_file("who,what,created_at\na,on,2026-11-20 10:00:00.0\n")
    run = run_tap(NOON, streams=("report_agent_activity",), faults=faults)
    [record] = run.records["report_agent_activity"]
    assert record["agent_id"] is None
    assert record["extra"] == {"who": "a", "what": "on"}


@pytest.mark.parametrize(
    ("report", "header"),
    [
        (catalog.FIRST_RESPONSE_TIME, "total_first_response_time_in_seconds"),
        (catalog.RESOLUTION_TIME, "Resolution Time In Seconds"),
        (catalog.RESPONSE_TIME, "value"),
    ],
)
def test_durations_are_found_under_their_aliases(report, header):
    headers = ("conversation_id", header, "created_at")
    found = columns.map_columns(report, headers, stream="any", extra={})
    assert found == ["conversation_id", "value_in_seconds", "created_at"]


def test_a_rating_has_the_time_at_which_it_was_given():
    headers = ("conversation_id", "rating", "created_at", "csat_rated_at")
    found = columns.map_columns(catalog.CSAT_SCORE, headers, stream="any", extra={})
    assert found == ["conversation_id", "value", "created_at_column", "created_at"]


def test_without_personal_data_rows_hold_ids_only(week):
    private = run_tap(NOON, streams=tuple(STREAMS), exclude_pii=True)
    names = {
        str(value)
        for records in week.records.values()
        for record in records
        for name, value in record.items()
        if value
        and name in ("agent_name", "agent_email", "actor_email", "csat_response", "message")
    }
    text = json.dumps(private.records, ensure_ascii=False)
    assert len(names) > 150
    assert not [name for name in names if f'"{name}"' in text]
    for stream in STREAMS:
        assert len(private.records[stream]) == len(week.records[stream])


def test_personal_data_that_freshchat_sends_despite_the_setting_is_redacted():
    faults = with_file(
        "conversation_id,created_at,Agent Name,CSAT Response,Mother's Name\n"
        "c,2026-11-20 10:00:00.0,Grace,all good,Ada\n"
    )
    run = run_tap(NOON, streams=("report_csat_score",), faults=faults, exclude_pii=True)
    [record] = run.records["report_csat_score"]
    reported = {name: value for name, value in record.items() if value is not None}
    assert reported.keys() == {"id", "created_time", "conversation_id"}


def test_temporary_faults_change_no_row(week):
    asked: Counter[str] = Counter()

    def faults(request):
        kind = request.path.split("/")[-1][:3]
        asked[kind] += 1
        if asked[kind] % 4 == 1 and not request.path.endswith("configuration"):
            return sandbox.Response(503, {}, b"<Error/>")
        if asked[kind] % 4 == 3 and "/extracts/" in request.path:
            return sandbox.Response(200, {}, b"PK\x03\x04 cut")
        return None

    streams = ("report_csat_score", "report_message_sent")
    run = run_tap(NOON, streams=streams, faults=faults)
    for stream in streams:
        reported = [{each["id"] for each in one.records[stream]} for one in (run, week)]
        assert reported[0] == reported[1]
