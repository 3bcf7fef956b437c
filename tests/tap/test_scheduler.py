"""Scheduler of report jobs: order of submission, polling and files."""

import json
from datetime import timedelta
from itertools import count, pairwise

import pytest
from fakes.clock import NOON, StillClock
from fakes.freshchat_client import freshchat_client
from fakes.http import Answer, ScriptedAdapter

from tap_freshchat.config import Config
from tap_freshchat.config_schema import SETTINGS
from tap_freshchat.errors import AuthorizationError, ReportError
from tap_freshchat.reports.reader import ReportReader
from tap_freshchat.reports.scheduler import MAX_UNREAD_JOBS, Job, ReportJobScheduler
from tap_freshchat.set_aside import SetAside
from tap_freshchat.time_range import RunTimeRange
from tap_freshchat.times import parse_time
from tap_freshchat.windows import Window

DEFAULTS = {
    name: each["default"]
    for name, each in SETTINGS.to_dict()["properties"].items()
    if "default" in each
}
DAY = timedelta(days=1)
DAYS = [Window(NOON - n * DAY, NOON - (n - 1) * DAY) for n in (3, 2, 1)]


class Far:
    """An account whose jobs finish after some polls; each job's file names its window."""

    def __init__(self, polls=2, refuse=lambda _: None, **options):
        self.clock = StillClock()
        self.polls, self.refuse = polls, refuse
        self.jobs, self.posted, self.downloads, self.looks = {}, [], [], {}
        self.links_expire = 0
        self.unknown_looks, self.unknown_status = 0, 404
        self.job_answer, self.job_answers_later = None, None
        client = freshchat_client(ScriptedAdapter(self.answer), self.clock)
        self.folder = options.pop("folder")
        self.ordered = jobs = ReportJobScheduler(
            client,
            self.clock,
            **{
                "jobs_per_minute": 1,
                "timeout": timedelta(minutes=30),
                "exclude_pii": False,
                **options,
            },
        )
        config = Config.from_config(
            {**DEFAULTS, "api_url": "sandbox://", "report_delay_minutes": 0}, NOON
        )
        time_range = RunTimeRange(StillClock(), config)
        aside = SetAside(self.folder / "rejected.jsonl")
        self.reports = ReportReader(client, jobs, time_range, self.folder, DAY, aside)

    def answer(self, request):
        if request.method == "POST":
            return self.take(json.loads(request.body))
        name = request.url.rsplit("/", 1)[1]
        return self.file(name) if "extracts" in request.url else self.state(name)

    def take(self, body):
        refusal = self.refuse(body)
        if refusal:
            return refusal
        self.posted.append((self.clock.monotonic(), body))
        self.jobs[str(len(self.posted))] = body
        return Answer(status=202, body={"id": str(len(self.posted)), "link": {"href": "/x"}})

    def file(self, name):
        self.downloads.append(name)
        if self.links_expire:
            self.links_expire -= 1
            return Answer(status=403)
        body = self.jobs[name.split("-")[0]]
        return Answer(body=f"event,start\n{body['event']},{body['start']}\n".encode())

    def state(self, name):
        self.looks[name] = self.looks.get(name, 0) + 1
        if self.unknown_looks:
            self.unknown_looks -= 1
            return Answer(status=self.unknown_status)
        if self.job_answer:
            answer, self.job_answer = self.job_answer, self.job_answers_later or self.job_answer
            return Answer(body=answer)
        if self.looks[name] < self.polls:
            return Answer(body={"id": name, "status": "PENDING"})
        href = f"https://extracts.example.com/{name}-{self.looks[name]}"
        part = {"status": "SUCCESS", "link": {"rel": "extraction", "href": href}}
        return Answer(body={"id": name, "status": "COMPLETED", "links": [part]})

    def plan(self, *reports, days=3, readers=("events",)):
        """Plan a window for each of the days before noon."""
        for report in reports:
            for reader in readers:
                self.reports.register(reader, report, NOON - days * DAY)
        self.reports.submit_all()

    def read(self, report, window):
        return list(self.reports.rows(report, window, "events", required=()))


@pytest.fixture
def far_end(tmp_path):
    return lambda **options: Far(folder=tmp_path, **options)


def test_rows_of_a_window_are_those_of_its_job(far_end):
    far = far_end()
    far.plan("Conversation-Created")
    assert far.read("Conversation-Created", DAYS[1]) == [
        {"event": "Conversation-Created", "start": "2026-11-20T12:00:00.000Z"}
    ]


def test_jobs_of_all_reports_are_submitted_before_the_first_is_read(far_end):
    far = far_end()
    far.plan("Agent-Activity", "Conversation-Created")
    far.read("Agent-Activity", DAYS[0])
    assert {body["event"] for _, body in far.posted} == {"Agent-Activity", "Conversation-Created"}


def test_jobs_of_one_report_are_spaced_and_other_reports_do_not_wait(far_end):
    far = far_end()
    far.plan("Agent-Activity", "Conversation-Created")
    for window in DAYS:
        far.read("Agent-Activity", window)
    times = [at for at, body in far.posted if body["event"] == "Agent-Activity"]
    assert [later - sooner for sooner, later in pairwise(times)] == [60, 60]


def test_a_report_that_two_streams_read_is_fetched_once_and_its_file_removed(far_end, tmp_path):
    far = far_end()
    far.plan("Chat-Transcript", days=1, readers=("message_events", "messages"))
    assert far.read("Chat-Transcript", DAYS[-1]) == far.read("Chat-Transcript", DAYS[-1])
    assert (len(far.posted), len(far.downloads)) == (1, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_window_that_is_too_long_is_halved_until_it_is_accepted(far_end):
    def refuse(body):
        if parse_time(body["end"]) - parse_time(body["start"]) > timedelta(hours=6):
            return Answer(status=400, body={"message": "The requested range is too long"})
        return None

    far = far_end(refuse=refuse)
    far.plan("Chat-Transcript", days=1)
    starts = [parse_time(row["start"]) for row in far.read("Chat-Transcript", DAYS[-1])]
    assert starts == [DAYS[-1].start + n * timedelta(hours=6) for n in range(4)]


@pytest.mark.parametrize(
    "message", ["Invalid date range: start is over 15 months ago", "older than your plan allows"]
)
def test_a_window_too_far_in_the_past_is_not_halved_and_its_error_names_the_setting(
    far_end, message
):
    asked = []

    def refuse(body):
        asked.append(body)
        return Answer(status=400, body={"message": message})

    far = far_end(refuse=refuse)
    far.plan("Chat-Transcript", days=1)
    with pytest.raises(ReportError, match="Chat-Transcript for 2026-11-21 12:00.*start_date"):
        far.read("Chat-Transcript", DAYS[-1])
    assert len(asked) == 1


def test_a_window_rejected_down_to_an_hour_is_an_error_that_names_the_setting(far_end):
    far = far_end(refuse=lambda _: Answer(status=400, body={"message": "Invalid date range"}))
    far.plan("Chat-Transcript", days=1)
    with pytest.raises(ReportError, match="start_date"):
        far.read("Chat-Transcript", DAYS[-1])


def test_any_other_error_status_is_an_error_that_names_report_and_window(far_end):
    far = far_end(refuse=lambda _: Answer(status=400, body={"message": "unknown format"}))
    far.plan("Chat-Transcript", days=1)
    with pytest.raises(ReportError, match="Chat-Transcript for 2026-11-21 12:00"):
        far.read("Chat-Transcript", DAYS[-1])


def test_a_rejected_event_name_is_a_report_that_the_account_does_not_have(far_end):
    far = far_end(refuse=lambda _: Answer(status=400, body={"message": "event is not valid"}))
    far.plan("Chat-Transcript", days=1)
    with pytest.raises(AuthorizationError, match=r"Chat-Transcript.*plan") as error:
        far.read("Chat-Transcript", DAYS[-1])
    assert error.value.forbidden


@pytest.mark.parametrize("status", [403, 404])
def test_an_account_without_reports_is_an_error_that_says_so(far_end, status):
    far = far_end(refuse=lambda _: Answer(status=status))
    far.plan("Agent-Activity", days=1)
    with pytest.raises(AuthorizationError, match="plan"):
        far.read("Agent-Activity", DAYS[-1])


def test_a_job_that_never_ends_is_an_error_that_names_the_setting(far_end):
    far = far_end(polls=10**6)
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match="report_timeout_minutes"):
        far.read("Agent-Activity", DAYS[-1])
    assert 1800 < far.clock.monotonic() < 1860


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "FAILED", "links": []},
        {"status": "COMPLETED", "links": [{"status": "FAILED", "link": {"href": "x"}}]},
    ],
)
def test_a_job_that_failed_is_an_error(far_end, answer):
    far = far_end()
    far.job_answer = answer
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match="failed"):
        far.read("Agent-Activity", DAYS[-1])


def test_the_older_form_of_response_with_one_link_is_read(far_end):
    far = far_end()
    far.job_answer = {
        "status": "COMPLETED",
        "link": {"rel": "extraction", "href": "https://extracts.example.com/1-1"},
    }
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 1


def test_a_job_is_not_done_while_a_part_of_it_is_pending(far_end):
    far = far_end()
    far.job_answer = {"status": "COMPLETED", "links": [{"status": "PENDING"}]}
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match="pending"):
        far.read("Agent-Activity", DAYS[-1])


def test_jobs_without_a_reader_do_not_delay_a_job_that_is_awaited(far_end):
    far = far_end()
    far.plan("Chat-Transcript", days=23)
    # Its reader leaves after the first row, as a test of the connection does.
    first = far.reports.windows("Chat-Transcript")[0]
    next(far.reports.rows("Chat-Transcript", first, "events", required=()))
    for window in DAYS:
        [row] = far.read("Chat-Transcript", window)
        assert parse_time(row["start"]) == window.start
    assert len(far.posted) <= MAX_UNREAD_JOBS + len(DAYS)


def test_halves_of_an_awaited_window_are_submitted_regardless_of_unread_jobs(far_end):
    def refuse(body):
        if body["start"] == "2026-11-21T12:00:00.000Z" and body["end"] > "2026-11-22T00:00:00.000Z":
            return Answer(status=400, body={"message": "The requested range is too long"})
        return None

    far = far_end(refuse=refuse)
    far.plan("Chat-Transcript", days=21)
    unread = far.reports.windows("Chat-Transcript")[MAX_UNREAD_JOBS]
    next(far.reports.rows("Chat-Transcript", unread, "events", required=()))
    assert len(far.read("Chat-Transcript", DAYS[-1])) == 2


def test_waiting_for_a_window_without_a_job_is_an_error(far_end):
    with pytest.raises(ReportError, match="never submitted.*file a bug"):
        far_end().ordered.wait_for(Job(report="Agent-Activity", window=DAYS[0]))


HREF = "https://extracts.example.com/1-1"
LINK = {"status": "SUCCESS", "link": {"href": HREF}}


@pytest.mark.parametrize("lacking", [{"status": "SUCCESS"}, {"status": "SUCCESS", "link": {}}])
def test_a_finished_part_without_a_link_is_an_error_and_not_an_empty_part(far_end, lacking):
    far = far_end()
    far.job_answer = {"status": "COMPLETED", "links": [LINK, lacking]}
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match="Agent-Activity for 2026-11-21 12:00.*no link.*again"):
        far.read("Agent-Activity", DAYS[-1])
    assert 300 < far.clock.monotonic() < 360


def test_a_link_that_appears_after_its_part_is_finished_is_awaited(far_end):
    far = far_end()
    far.job_answer = {"status": "COMPLETED", "links": [LINK, {"status": "SUCCESS"}]}
    far.job_answers_later = {"status": "COMPLETED", "links": [LINK, LINK]}
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 2


def test_a_finished_job_without_any_file_is_polled_for_minutes_and_then_an_error(far_end):
    far = far_end(timeout=timedelta(minutes=1))
    far.job_answer = {"status": "COMPLETED", "links": []}
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match="Agent-Activity for 2026-11-21 12:00.*has no file"):
        far.read("Agent-Activity", DAYS[-1])
    assert 300 < far.clock.monotonic() < 360


@pytest.mark.parametrize(
    ("status", "parts"),
    [
        ("COMPLETED", [{"status": "NO_DATA"}]),
        ("COMPLETED", [{"status": "DONE_NO_DATA", "link": {}}]),
        ("no data", []),
    ],
)
def test_what_freshchat_says_has_no_data_is_empty(far_end, status, parts):
    far = far_end()
    far.job_answer = {"status": status, "links": parts}
    far.plan("Agent-Activity", days=1)
    assert far.read("Agent-Activity", DAYS[-1]) == []


@pytest.mark.parametrize("state", ["SUCCESS", "done", "Finished", "COMPLETE", "Completed"])
@pytest.mark.parametrize("link", [LINK, {"status": "done", "link": HREF}])
def test_a_complete_job_is_read_however_its_state_is_spelled(far_end, state, link):
    far = far_end()
    far.job_answer = {"status": state, "links": [link]}
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 1


@pytest.mark.parametrize(
    "state",
    ["Pending", "in-progress", "InProgress", "QUEUED", "processing", "Running", "SUBMITTED"],
)
def test_a_pending_job_is_polled_however_its_state_is_spelled(far_end, state):
    far = far_end()
    far.job_answer = {"status": state, "links": []}
    far.job_answers_later = {"status": "COMPLETED", "links": [LINK]}
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 1


@pytest.mark.parametrize("state", ["CANCELLED", "Expired", "ERROR", "failure", "TIMED_OUT"])
@pytest.mark.parametrize("is_of_a_part", [False, True])
def test_a_state_without_a_future_is_an_error_at_once_that_names_it(far_end, state, is_of_a_part):
    far = far_end()
    parts = [{"status": state}] if is_of_a_part else []
    far.job_answer = {"status": "IN_PROGRESS" if is_of_a_part else state, "links": parts}
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match=f"Agent-Activity for 2026-11-21 12:00.* {state},"):
        far.read("Agent-Activity", DAYS[-1])
    assert far.clock.monotonic() < 10


def test_a_state_that_is_no_name_is_an_error_that_does_not_repeat_it(far_end):
    far = far_end()
    far.job_answer = {"status": "\x1b[31m Ada said: hello", "links": []}
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match="unreadable") as error:
        far.read("Agent-Activity", DAYS[-1])
    assert "Ada" not in str(error.value)


@pytest.mark.parametrize("status", [400, 404])
def test_a_job_unknown_at_first_is_polled_again(far_end, status):
    far = far_end()
    far.unknown_looks, far.unknown_status = 3, status
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 1
    assert len(far.posted) == 1


@pytest.mark.parametrize("status", [400, 404])
def test_a_job_that_stays_unknown_is_submitted_again_once(far_end, status):
    far = far_end()
    far.unknown_looks, far.unknown_status = 5, status
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 1
    assert [at for at, _ in far.posted][1] >= 60
    assert len(far.posted) == 2


def test_a_job_that_is_unknown_twice_is_an_error_that_names_it(far_end):
    far = far_end()
    far.unknown_looks, far.unknown_status = 10**6, 404
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match="Agent-Activity for 2026-11-21 12:00.*job 2,"):
        far.read("Agent-Activity", DAYS[-1])
    assert len(far.posted) == 2


def test_a_job_that_is_refused_while_another_is_in_progress_is_submitted_later(far_end):
    refusals = [Answer(status=409, body={"message": "another extract is in progress"})] * 2
    far = far_end(refuse=lambda _: refusals.pop() if refusals else None)
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 1
    assert far.posted[0][0] >= 30


class SharedLimit:
    """Accepts one job a minute of all reports together."""

    def __init__(self):
        self.accepted, self.refused, self.clock = [], [], None

    def __call__(self, body):
        now = self.clock.monotonic()
        if self.accepted and now - self.accepted[-1] < 60:
            self.refused.append((now, body["event"]))
            wait = 60 - (now - self.accepted[-1])
            return Answer(status=429, headers={"Retry-After": f"{wait:.0f}"})
        self.accepted.append(now)
        return None


THREE = ("Agent-Activity", "Conversation-Created", "Conversation-Resolved")


def test_a_limit_over_all_reports_is_learned_and_then_kept(far_end, caplog):
    limit = SharedLimit()
    far = far_end(refuse=limit)
    limit.clock = far.clock
    far.plan(*THREE)
    for report in THREE:
        for window in DAYS:
            assert far.read(report, window)
    assert far.ordered.limit.is_shared
    learned = (far.ordered.limit.shared_since - NOON).total_seconds()
    assert [each for each in limit.refused if each[0] > learned] == []
    assert sum("over all report types" in each for each in caplog.messages) == 1
    # Nine jobs, one a minute.
    assert limit.accepted[-1] < 10 * 60


def test_a_limit_over_all_reports_that_is_known_is_kept_from_the_start(far_end):
    limit = SharedLimit()
    far = far_end(refuse=limit)
    limit.clock = far.clock
    far.ordered.limit.restore(NOON - DAY)
    far.plan(*THREE, days=1)
    for report in reversed(THREE):
        assert far.read(report, DAYS[-1])
    assert limit.refused == []
    assert [body["event"] for _, body in far.posted] == list(reversed(THREE))


def test_jobs_are_submitted_on_a_clock_that_never_stands_still(far_end, monkeypatch):
    far = far_end()
    readings = count()
    monkeypatch.setattr(far.clock, "monotonic", lambda: sum(far.clock.slept) + next(readings) / 1e6)
    far.plan("Agent-Activity", days=1)
    assert far.read("Agent-Activity", DAYS[-1])


def test_what_was_learned_long_ago_is_learned_anew(far_end):
    far = far_end()
    far.ordered.limit.restore(NOON - timedelta(days=8))
    assert not far.ordered.limit.is_shared


def test_a_429_that_jobs_of_the_run_before_explain_is_no_sign_of_a_shared_limit(far_end):
    def refuse(body):
        if body["event"] == "Agent-Activity" and far.clock.monotonic() < 50:
            return Answer(status=429, headers={"Retry-After": "20"})
        return None

    far = far_end(refuse=refuse)
    far.plan("Conversation-Created", "Agent-Activity")
    assert far.read("Agent-Activity", DAYS[0])
    assert not far.ordered.limit.is_shared


def test_an_expired_link_is_renewed(far_end):
    far = far_end()
    far.links_expire = 2
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 1
    assert len(set(far.downloads)) == 3


@pytest.mark.parametrize("names", [("1-a", "1-b"), ("1-1", "1-1")])
def test_each_part_is_read_once_in_any_order_of_fresh_links(far_end, names):
    def ready(*links):
        reported = [
            {"status": "SUCCESS", "link": {"href": f"https://extracts.example.com/{each}"}}
            for each in links
        ]
        return {"status": "COMPLETED", "links": reported}

    far = far_end()
    far.job_answer = ready(*(f"{name}?signed=1&part={n}" for n, name in enumerate(names)))
    fresh = [f"{name}?signed=2&part={n}" for n, name in enumerate(names)]
    far.job_answers_later = ready(*(fresh[::-1] if names[0] != names[1] else fresh))
    far.links_expire = 1
    far.plan("Agent-Activity", days=1)
    assert len(far.read("Agent-Activity", DAYS[-1])) == 2
    assert far.downloads[1:] == fresh


def test_links_that_always_fail_end_in_an_error(far_end):
    far = far_end()
    far.links_expire = 10**6
    far.plan("Agent-Activity", days=1)
    with pytest.raises(ReportError, match="do not open"):
        far.read("Agent-Activity", DAYS[-1])


def test_personal_data_is_excluded_by_freshchat_on_request(far_end):
    far = far_end(exclude_pii=True)
    far.plan("Agent-Activity", days=1)
    far.read("Agent-Activity", DAYS[-1])
    assert far.posted[0][1]["should_exclude_pii"] is True


def test_a_rate_limit_of_one_report_delays_neither_other_reports_nor_polling(far_end):
    refusals = [Answer(status=429, headers={"Retry-After": "600"})]

    def refuse(body):
        return refusals.pop() if body["event"] == "Agent-Activity" and refusals else None

    far = far_end(refuse=refuse)
    far.plan("Agent-Activity", "Conversation-Created")
    assert far.read("Conversation-Created", DAYS[0])
    assert far.clock.monotonic() < 60
    assert far.read("Agent-Activity", DAYS[0])
    assert 600 <= far.posted[-1][0] < 660


@pytest.mark.parametrize(
    "reported", [{}, {"Retry-After": "0"}, {"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT"}]
)
def test_a_rate_limit_without_a_time_is_retried_for_at_most_an_hour(far_end, reported):
    far = far_end(refuse=lambda _: Answer(status=429, headers=reported))
    far.plan("Agent-Activity")
    with pytest.raises(ReportError, match="jobs of report Agent-Activity for an hour:"):
        far.read("Agent-Activity", DAYS[0])
    assert 3000 < far.clock.monotonic() <= 3600
    assert len(far.posted) < 100


def test_a_rate_limit_of_hours_ends_the_run_at_once_and_names_its_end(far_end):
    far = far_end(refuse=lambda _: Answer(status=429, headers={"Retry-After": "43200"}))
    far.plan("Agent-Activity")
    with pytest.raises(ReportError, match="until 2026-11-23 00:00 UTC.*run the tap again later"):
        far.read("Agent-Activity", DAYS[0])
    assert far.clock.monotonic() < 60


def test_a_429_of_the_account_limit_pauses_every_request(far_end):
    headers = {"Retry-After": "40", "X-RateLimit-Remaining": "0"}
    refusals = [Answer(status=429, headers=headers)]
    far = far_end(refuse=lambda _: refusals.pop() if refusals else None)
    far.plan("Agent-Activity", days=1)
    assert far.read("Agent-Activity", DAYS[-1])
    assert 40 <= far.posted[0][0] < 50


def test_streams_whose_bookmarks_differ_share_the_windows_from_the_earliest_start(
    far_end, tmp_path
):
    far = far_end()
    for reader, days in (("messages", 1), ("message_events", 3)):
        far.reports.register(reader, "Chat-Transcript", NOON - days * DAY)
    assert far.reports.windows("Chat-Transcript") == DAYS
    assert far.reports.windows("Chat-Transcript", NOON - DAY) == DAYS[-1:]
    for window in (*DAYS, DAYS[-1]):
        far.read("Chat-Transcript", window)
    assert (len(far.posted), len(far.downloads)) == (3, 3)
    assert list(tmp_path.iterdir()) == []


def test_the_earliest_of_a_readers_starts_counts(far_end):
    far = far_end()
    for days in (2, 3, 1):
        far.reports.register("messages", "Chat-Transcript", NOON - days * DAY)
    assert far.reports.windows("Chat-Transcript") == DAYS


def test_readers_that_unregister_leave_no_job_to_submit(far_end):
    far = far_end()
    far.plan("Chat-Transcript", "Agent-Activity")
    far.reports.unregister_all()
    far.plan("Agent-Activity", days=1)
    far.read("Agent-Activity", DAYS[-1])
    assert len(far.posted) == 1


def test_a_report_in_another_zone_fails_for_each_of_its_readers(far_end):
    far = far_end()
    moved = "".join(
        f"c{number},{(NOON - DAY + timedelta(minutes=number - 300)).isoformat(' ')[:19]}\n"
        for number in range(1440)
    )
    far.file = lambda _: Answer(body=f"conversation_id,created_at\n{moved}".encode())
    far.plan("Conversation-Resolved", days=1, readers=("events", "others"))
    for _ in range(2):
        with pytest.raises(ReportError, match="report_time_zone"):
            list(far.reports.rows("Conversation-Resolved", DAYS[-1], "events"))
