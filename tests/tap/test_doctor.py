"""The doctor under each reading: what it names, and that the setting it names helps."""

import io
import json
import re
import stat
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fakes.clock import NOON
from fakes.runs import connect, truth

import freshchat_sandbox as sandbox
from freshchat_sandbox.readings import Readings, values_by_belief
from tap_freshchat.reports import catalog
from tap_freshchat.tap import DOCTOR_FILE, TapFreshchat

DAY = timedelta(days=1)
# Small, and large enough for every check.
ACCOUNT = {"conversations_per_day": 16, "opened": "2026-11-12"}
# The reading that events would be missing under, with the setting that helps.
SETTINGS = {
    ("report_zone", "America/New_York"): ("report_time_zone", "America/New_York"),
    ("report_zone", "Asia/Kolkata"): ("report_time_zone", "Asia/Kolkata"),
}
# Those that need no setting are many, and each is a whole run.
READINGS = [
    pytest.param(
        (name, value),
        id=f"{name}={value}",
        marks=() if (name, value) in SETTINGS else pytest.mark.e2e,
    )
    for name, values in values_by_belief().items()
    for value in values
    if value != getattr(Readings(), name)
]
REFUSED = sandbox.Response.of_json(403, {"status": "ACCESS_DENIED", "message": "not in the plan"})
PAGE = sandbox.Response(403, {"Content-Type": "text/html"}, b"<html>Blocked</html>")


@dataclass
class Examined:
    """What one run of the doctor printed, wrote and requested."""

    misses_events: bool
    printed: str
    file: dict[str, Any]
    requests: list[str]

    @property
    def settings(self):
        return {each["name"]: each["value"] for each in self.file["settings_to_change"]}

    def finding(self, topic):
        [found] = [each for each in self.file["findings"] if each["topic"] == topic]
        return found


@pytest.fixture
def examine(tmp_path, monkeypatch, capsys):
    """Run the doctor on an account with options of the sandbox and settings of the tap."""
    monkeypatch.chdir(tmp_path)

    def run(options=(), faults=None, **settings):
        url = "sandbox://?" + urlencode({**ACCOUNT, **dict(options)})
        tap = TapFreshchat(config={"api_url": url, **settings})
        requests: list[Any] = []
        connect(tap, url, NOON, faults=faults, log=requests)
        capsys.readouterr()
        misses_events = tap.run_doctor()
        printed = capsys.readouterr().out
        file = json.loads((tmp_path / DOCTOR_FILE).read_text())
        assert file["misses_events"] == misses_events
        return Examined(misses_events, printed, file, requests)

    return run


def refusing(*reports, response=REFUSED):
    """A fault that refuses the jobs of some reports."""

    def fault(request):
        is_job = request.method == "POST" and request.path.endswith("/reports/raw")
        return response if is_job and json.loads(request.body)["event"] in reports else None

    return fault


def check_healthy(found):
    assert not found.misses_events, found.printed
    assert found.settings == {}


@pytest.mark.parametrize("reading", [pytest.param((), id="default"), *READINGS])
def test_each_reading_needs_no_setting_or_the_doctor_names_one_with_which_all_is_well(
    examine, reading
):
    options = [reading] if reading else []
    found = examine(options)
    needed = SETTINGS.get(reading)
    if needed:
        name, value = needed
        assert found.misses_events
        assert found.settings == {name: value}
        assert f"  {name}: {value}\n" in found.printed
        found = examine(options, **{name: value})
    check_healthy(found)


@pytest.mark.parametrize(("updates", "needs_all"), [("record", True), ("message", False)])
def test_where_messages_do_not_change_users_rest_needs_all_of_them(examine, updates, needs_all):
    options = {"user_updates": updates}
    found = examine(options, activity_source="rest")
    assert found.misses_events == needs_all
    assert found.settings == ({"user_scope": "all"} if needs_all else {})
    check_healthy(examine(options, activity_source="rest", user_scope="all"))


def test_without_a_type_of_messages_the_doctor_names_the_setting_that_finds_it(examine):
    options = {"message_type": "blank", "detailed_message_type": "blank"}
    found = examine(options, enrich_conversations=False)
    assert found.misses_events
    assert found.settings == {"enrich_conversations": True}
    check_healthy(examine(options))


def test_an_account_without_reports_is_read_via_rest(examine):
    options = {"extract_available": "false", "user_updates": "message"}
    check_healthy(examine(options))
    found = examine(options, activity_source="reports")
    assert found.misses_events
    assert found.settings == {"activity_source": "auto"}


def test_a_refused_report_costs_one_line_and_can_be_skipped(examine):
    report = catalog.AGENT_ASSIGNED
    found = examine(faults=refusing(report))
    assert found.misses_events
    assert found.settings == {"skip_reports": [report]}
    assert found.finding(report)["result"] == "PROBLEM"
    assert found.printed.count("PROBLEM") == 1
    check_healthy(examine(faults=refusing(report), skip_reports=[report]))


def test_a_refused_report_that_no_event_needs_is_only_a_note(examine):
    check_healthy(examine(faults=refusing(catalog.CSAT_SCORE)))


def test_a_skipped_report_is_not_requested(examine):
    skipped = [each for each in catalog.REPORTS if each != catalog.TRANSCRIPT]
    found = examine(skip_reports=skipped)
    assert found.requests.count("POST /v2/reports/raw") == 1


def test_a_web_page_in_place_of_one_report_costs_one_line(examine):
    found = examine(faults=refusing(catalog.TRANSCRIPT, response=PAGE))
    assert "web page" in found.finding(catalog.TRANSCRIPT)["text"]
    assert found.printed.count("PROBLEM") == 1
    assert found.finding(catalog.CONVERSATION_CREATED)["result"] == "ok"


def with_file(report, header, *rows):
    """A fault that replaces the files of a report."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("report.csv", "\n".join([header, *rows]))
    response = sandbox.Response(200, {"Content-Type": "application/zip"}, packed.getvalue())
    return lambda request: response if request.path.endswith(f"-{report}.zip") else None


def test_a_broken_file_costs_one_line(examine):
    broken = sandbox.Response(200, {}, b"PK\x03\x04" + bytes(100))
    name = f"-{catalog.CONVERSATION_RESOLVED}.zip"
    found = examine(faults=lambda request: broken if request.path.endswith(name) else None)
    assert found.misses_events
    assert found.finding(catalog.CONVERSATION_RESOLVED)["result"] == "PROBLEM"
    assert found.finding(catalog.TRANSCRIPT)["result"] == "ok"


def test_a_missing_column_is_named_with_the_header_that_may_hold_it(examine):
    header = "Booked Date,Agent Id,Status,Extra Flag"
    fault = with_file(catalog.AVAILABILITY, header, "2026-11-22 09:00:00,a-1,available,yes")
    found = examine(faults=fault)
    assert found.misses_events
    columns = {"agent_activity": {"created_at": ["Booked Date"]}}
    assert found.settings == {"report_columns": columns}
    found = examine(faults=fault, report_columns=columns)
    check_healthy(found)
    assert "unknown columns, kept: Extra Flag" in found.finding(catalog.AVAILABILITY)["text"]


def test_an_unknown_value_is_a_note_that_names_it(examine):
    header = "created_time,message_id,conversation_id,message_type,actor_type"
    row = "2026-11-22 09:00:00,m-1,c-1,whisper,robot"
    found = examine(faults=with_file(catalog.TRANSCRIPT, header, row))
    assert "Unknown: whisper." in found.finding("message_type")["text"]
    assert "Unknown: robot." in found.finding("actor_type")["text"]


@pytest.mark.parametrize("column", ["message_type", "actor_type"])
def test_texts_in_a_column_of_values_are_not_shown(examine, column):
    header = f"created_time,message_id,conversation_id,{column}"
    rows = [f"2026-11-22 09:00:00,m-{n},c-1,Secret {chr(65 + n)}" for n in range(20)]
    found = examine(faults=with_file(catalog.TRANSCRIPT, header, *rows))
    assert "Secret" not in found.printed + json.dumps(found.file)


def test_a_wrong_token_is_the_only_finding_and_names_its_setting(examine):
    found = examine(api_token="another")
    assert found.misses_events
    assert list(found.settings) == ["api_token"]
    assert [each["topic"] for each in found.file["findings"]] == ["account"]
    assert "another" not in found.printed + json.dumps(found.file)


def test_a_refused_list_of_agents_costs_one_line(examine):
    found = examine(faults=lambda request: REFUSED if request.path == "/v2/agents" else None)
    check_healthy(found)
    assert found.finding("agents")["result"] == "note"


def test_users_that_cannot_be_looked_up_are_a_problem(examine):
    fault = "/v2/users/fetch"
    found = examine(faults=lambda request: REFUSED if request.path == fault else None)
    assert found.misses_events
    assert found.finding("users")["result"] == "PROBLEM"


def test_without_a_transcript_the_look_up_of_recent_users_is_checked(examine):
    text = examine(skip_reports=[catalog.TRANSCRIPT]).finding("users")["text"]
    known, listed = map(int, re.findall(r"\d+", text))
    assert 0 < known < listed


def test_the_zone_is_named_without_a_conversation_in_rest(examine):
    refused = re.compile(r"/v2/conversations/[0-9a-f-]+(/messages)?")
    found = examine(
        {"report_zone": "America/New_York"},
        faults=lambda request: REFUSED if refused.fullmatch(request.path) else None,
    )
    assert found.settings == {"report_time_zone": "America/New_York"}
    assert found.finding("conversations")["result"] == "note"


def test_rows_on_one_side_of_their_period_show_a_zone_that_the_user_must_name(examine):
    header = "created_time,message_id,conversation_id,message_type,actor_type"
    rows = [
        f"{NOON - timedelta(hours=5, minutes=30 * n + 7):%Y-%m-%d %H:%M:%S},m-{n},c-1,normal,user"
        for n in range(48)
    ]
    others = [each for each in catalog.REPORTS if each != catalog.TRANSCRIPT]
    found = examine(faults=with_file(catalog.TRANSCRIPT, header, *rows), skip_reports=others)
    assert found.misses_events
    assert list(found.settings) == ["report_time_zone"]
    assert "-4.5 hours or more" in found.finding("times of reports")["text"]


def test_a_time_column_of_something_else_is_named_with_the_headers(examine):
    header = "created_at,agent_id,status,changed_on"
    rows = [f"2025-01-0{n} 09:00:00,a-1,available,2026-11-22 09:00:00" for n in range(1, 8)]
    found = examine(
        faults=with_file(catalog.AVAILABILITY, header, *rows),
        report_columns={"messages": {"message_type": ["Kind"]}},
    )
    assert found.settings == {
        "report_columns": {
            "agent_activity": {"created_at": ["<header>"]},
            "messages": {"message_type": ["Kind"]},
        }
    }
    assert "changed_on" in found.printed


def test_without_any_type_the_column_is_asked_for_if_rest_has_none_either(examine):
    options = {"message_type": "blank", "detailed_message_type": "blank"}
    found = examine(
        options, faults=lambda request: REFUSED if request.path.endswith("/messages") else None
    )
    assert found.misses_events
    assert list(found.settings) == ["report_columns"]


def test_rows_later_than_a_run_looks_back_are_a_note_that_names_the_setting(examine):
    finding = examine({"report_latency": 180}).finding("delay of reports")
    assert finding["result"] == "note"
    assert "lookback_minutes" in finding["text"]
    assert examine().finding("delay of reports")["result"] == "ok"


def test_a_limit_over_all_report_types_is_named(examine):
    assert "all report types" in examine({"job_limit": "shared"}).printed
    assert "all report types" not in examine().printed


def test_two_sources_agree_on_the_events_of_yesterday(examine):
    found = examine()
    for what in ("started", "assigned", "resolved"):
        text = found.finding(f"{what} yesterday")["text"]
        reported, counted = map(int, re.findall(r"\b\d+\b", text))
        assert counted > 10
        assert abs(reported - counted) <= 2


def test_a_report_that_is_empty_although_freshchat_counts_events_is_a_problem(examine):
    header = "created_at,conversation_id,interaction_id,agent_id"
    found = examine(faults=with_file(catalog.CONVERSATION_RESOLVED, header))
    assert found.misses_events
    assert found.finding("resolved yesterday")["result"] == "PROBLEM"


def test_metrics_that_are_refused_cost_a_note_each(examine):
    fault = "/v2/metrics/historical"
    check_healthy(examine(faults=lambda request: REFUSED if request.path == fault else None))


def personal_data(url):
    """Names, addresses, numbers, ids and texts of everyone in the account."""
    box = sandbox.Sandbox(sandbox.Options.from_url(url), lambda: NOON)
    headers = {"Authorization": "Bearer sandbox"}

    def get(path):
        request = sandbox.Request.of("GET", f"https://{sandbox.API_HOST}/v2{path}", headers)
        return json.loads(box.respond(request).body)

    events = truth(url, NOON - 2 * DAY, NOON)
    people = [get(f"/users/{each}") for each in {event.user_id for event in events} - {None}]
    people += get("/agents?items_per_page=50")["agents"]
    names = ("id", "first_name", "last_name", "email", "phone", "reference_id", "restore_id")
    yield from (str(person[name]) for person in people for name in names if person.get(name))
    conversations = {event.conversation_id for event in events} - {None}
    for conversation in conversations:
        yield conversation
        for message in get(f"/conversations/{conversation}/messages").get("messages", ()):
            yield message["id"]
            for part in message["message_parts"]:
                yield part.get("text", {}).get("content")


@pytest.mark.parametrize(
    "options",
    [{}, {"report_zone": "Asia/Kolkata"}, {"extract_available": "false"}],
    ids=["healthy", "zone", "rest"],
)
def test_neither_the_screen_nor_the_file_has_personal_data_or_the_token(examine, options, tmp_path):
    url = "sandbox://?" + urlencode({**ACCOUNT, **options, "token": "s3cret-t0ken"})
    secrets = {*personal_data(url.replace("s3cret-t0ken", "sandbox")), "s3cret-t0ken"} - {None}
    refused = re.compile(r"/v2/(users|conversations)/[^/]+(/\w+)?")
    for fault in (None, lambda request: REFUSED if refused.fullmatch(request.path) else None):
        found = examine({**options, "token": "s3cret-t0ken"}, faults=fault)
        said = found.printed + (tmp_path / DOCTOR_FILE).read_text()
        leaked = [each for each in secrets if re.search(rf"\b{re.escape(each)}\b", said)]
        assert leaked == []
    assert len(secrets) > 100
    assert sandbox.API_HOST not in (tmp_path / DOCTOR_FILE).read_text()


def test_the_command_prints_no_singer_message_and_ends_with_the_status_of_its_findings(tmp_path):
    def run():
        ended = subprocess.run(
            [sys.executable, "-m", "tap_freshchat", "--config=config.json", "--doctor"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert '"type"' not in ended.stdout
        assert "Traceback" not in ended.stderr
        assert "Waiting for 13 reports" in ended.stderr
        return ended.returncode, ended.stdout

    for options, status in (({}, 0), ({"report_zone": "Asia/Kolkata"}, 1)):
        url = "sandbox://?" + urlencode({**ACCOUNT, **options})
        (tmp_path / "config.json").write_text(json.dumps({"api_url": url}))
        code, printed = run()
        assert code == status
        assert len(printed.splitlines()) < 50
    mode = (tmp_path / DOCTOR_FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", DOCTOR_FILE]
