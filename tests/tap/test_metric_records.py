"""Metric records, compared with the sandbox's own responses."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap, truth
from fakes.sandbox_client import SandboxClient

import freshchat_sandbox as sandbox
from tap_freshchat.errors import ConfigError, FreshchatError
from tap_freshchat.metric_records import HISTORICAL, Metric, historical_records, instant_records
from tap_freshchat.times import parse_time

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
MIDNIGHT = NOON - 12 * HOUR


def reported(run, stream="historical_metrics"):
    return {each["id"]: each for each in run.records[stream]}


@pytest.mark.parametrize("interval", ["1d", "1h"])
def test_figures_over_time_are_those_of_each_closed_interval(interval):
    run = run_tap(NOON, streams=("historical_metrics",), metrics_interval=interval)
    client = SandboxClient(NOON)
    until = MIDNIGHT if interval == "1d" else NOON - HOUR
    expected = {}
    start = MIDNIGHT - 7 * DAY if interval == "1d" else NOON - 7 * DAY
    for metric in HISTORICAL:
        query = {"start": start.isoformat(), "end": until.isoformat(), "interval": interval}
        for data in client.get("/metrics/historical", metric=metric, **query)["data"]:
            for point in data["series"]:
                [value] = point["values"]
                expected[metric, parse_time(point["start"])] = float(value["value"])
    figures = {
        (each["metric"], parse_time(each["start_time"])): each["value"]
        for each in reported(run).values()
    }
    assert len(figures) == len(run.records["historical_metrics"])
    assert figures == expected
    # Counts are added up.
    assert {each["aggregator"] for each in reported(run).values()} == {"avg", "sum"}


def test_a_metric_has_its_own_parameters_and_one_record_for_each_group():
    metric = "team_performance.response_time?aggregator=max&group_by=group"
    run = run_tap(NOON, streams=("historical_metrics",), historical_metrics=[metric])
    records = reported(run)
    assert len(records) == len(run.records["historical_metrics"])
    groups = {each["groupings"][0]["value"] for each in records.values() if each["groupings"]}
    assert len(groups) > 3
    assert {each["aggregator"] for each in records.values()} == {"max"}
    assert {each["metric"] for each in records.values()} == {"team_performance.response_time"}


def test_a_month_is_one_request_for_each_metric_and_a_later_run_asks_for_the_last_day_only():
    first = run_tap(NOON, streams=("historical_metrics",))
    assert len(first.requests) == 1 + len(HISTORICAL)
    later = run_tap(NOON + QUARTER, first.state, streams=("historical_metrics",))
    assert len(later.requests) == 1 + len(HISTORICAL)
    assert later.records == {}
    assert len(json.dumps(later.state)) < 1000
    tomorrow = run_tap(NOON + DAY, later.state, streams=("historical_metrics",))
    ends = {each["end_time"] for each in reported(tomorrow).values()}
    assert {parse_time(end) for end in ends} == {MIDNIGHT + DAY}


def test_where_a_month_is_refused_each_day_is_requested_and_gives_the_same():
    def faults(request):
        if request.path != "/v2/metrics/historical":
            return None
        start, end = (parse_time(request.parameter(name)) for name in ("start", "end"))
        return sandbox.Response(400) if end - start > DAY else None

    start = (NOON - 40 * DAY).isoformat()
    options = {"streams": ("historical_metrics",), "start_date": start}
    whole, daily = run_tap(NOON, **options), run_tap(NOON, faults=faults, **options)
    assert reported(whole) == reported(daily)
    assert len(whole.requests) == 1 + 2 * len(HISTORICAL)
    # The range is refused once, not again for the next month.
    assert len(daily.requests) == 1 + 41 * len(HISTORICAL)


def test_counts_of_interactions_are_those_that_happened():
    run = run_tap(NOON, streams=("historical_metrics",))
    events = truth("sandbox://", MIDNIGHT - 7 * DAY, MIDNIGHT)
    figures: Counter[str] = Counter()
    for each in reported(run).values():
        figures[each["metric"]] += each["value"]
    happened = Counter(each.kind for each in events)
    created = figures["conversation_metrics.created_interactions"]
    assert created == happened["created"] + happened["reopened"]
    assert figures["conversation_metrics.resolved_interactions"] == happened["resolved"]
    assert 0 < figures["conversation_metrics.assigned_interactions"] <= created
    assert figures["team_performance.responses_sent"] > created


def test_a_figure_that_changes_late_is_reported_again_once_under_the_same_id():
    figure = 1

    def faults(request):
        if request.path != "/v2/metrics/historical":
            return None
        start, end = (parse_time(request.parameter(name)) for name in ("start", "end"))
        series = [
            {
                "start": (start + number * DAY).isoformat(),
                "end": (start + (number + 1) * DAY).isoformat(),
                "values": [{"key": "k", "value": str(figure)}],
            }
            for number in range((end - start) // DAY)
        ]
        return sandbox.Response.of_json(200, {"data": [{"groupings": [], "series": series}]})

    options = {"streams": ("historical_metrics",), "faults": faults, "historical_metrics": ["m"]}
    runs = [run_tap(NOON, **options)]
    figure = 2
    for number in range(1, 4):
        runs.append(run_tap(NOON + number * QUARTER, runs[-1].state, **options))
    counts = [len(run.records["historical_metrics"]) for run in runs]
    assert counts == [7, 1, 0, 0]
    [again] = runs[1].records["historical_metrics"]
    assert again["value"] == 2
    assert again["id"] in reported(runs[0])


UNASSIGNED = "conversation_metrics.created_x_mins_ago_and_unassigned"


def test_current_figures_name_what_was_counted():
    run = run_tap(NOON, streams=("instant_metrics",))
    client = SandboxClient(NOON)
    records = {each["metric"]: each for each in run.records["instant_metrics"]}
    for metric, record in records.items():
        assert parse_time(record["snapshot_time"]) == NOON
        if metric != UNASSIGNED:
            answer = client.get("/metrics/instant", metric=metric)["data"][0]["values"][0]
            assert record["value"] == answer["count"]
            assert record["resource_ids"] == [each["id"] for each in answer["resources"]]
    assert len(records) == 3
    # Freshworks' own client requests this one as a figure over time.
    answer = client.get("/metrics/historical", metric=UNASSIGNED, x_time="60")
    expected = float(answer["data"][0]["series"][0]["values"][0]["value"])
    assert records[UNASSIGNED]["value"] == expected
    assert run.requests.count("GET /v2/metrics/historical") == 1
    hour_later = run_tap(NOON + HOUR, run.state, streams=("instant_metrics",))
    assert reported(hour_later, "instant_metrics").keys() == reported(run, "instant_metrics").keys()


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("metric", [UNASSIGNED, "team_presence.online"])
def test_a_current_figure_is_read_from_whichever_endpoint_has_it(status, metric, caplog):
    usual, other = "/v2/metrics/historical", "/v2/metrics/instant"
    if metric != UNASSIGNED:
        usual, other = other, usual
    value = {"key": "count", "count": 5, "resources": []}

    def faults(request):
        if request.path == usual:
            return sandbox.Response(status)
        data = [{"groupings": [], "values": [value]}]
        return sandbox.Response.of_json(200, {"data": data}) if request.path == other else None

    options = {"streams": ("instant_metrics",), "instant_metrics": [metric]}
    run = run_tap(NOON, faults=faults, **options)
    assert [each["value"] for each in run.records["instant_metrics"]] == [5]
    assert "rejects" not in caplog.text


@pytest.mark.parametrize(
    "summary", [{"values": [{"key": "count", "value": "71"}]}, [{"key": "count", "value": "71"}]]
)
@pytest.mark.parametrize("where", ["response", "data"])
def test_a_summary_without_a_series_is_the_figure_of_the_whole_range(summary, where):
    data = {"groupings": [], **({"summary": summary} if where == "data" else {})}
    answer = {
        "start": "2026-11-01T00:00:00Z",
        "end": "2026-11-20T00:00:00Z",
        "data": [data],
        **({"summary": summary} if where == "response" else {}),
    }
    [record] = historical_records(Metric.parse("m"), answer, interval="1d")
    assert (record["value"], record["interval"]) == (71, "range")
    assert record["end_time"] == "2026-11-20T00:00:00.000000+00:00"


def test_a_metric_that_the_account_does_not_know_is_left_out_with_one_warning(caplog):
    metrics = ["mood.of_the_day", HISTORICAL[2]]
    run = run_tap(NOON, streams=("historical_metrics",), historical_metrics=metrics)
    assert {each["metric"] for each in reported(run).values()} == {HISTORICAL[2]}
    [warning] = [each for each in caplog.messages if "mood.of_the_day" in each]
    assert "historical_metrics" in warning


def test_a_metric_that_fails_for_one_day_is_requested_for_the_next():
    day = MIDNIGHT - 3 * DAY

    def faults(request):
        if request.parameter("metric") != HISTORICAL[0]:
            return None
        start, end = (parse_time(request.parameter(name)) for name in ("start", "end"))
        return sandbox.Response(400) if start <= day < end else None

    run = run_tap(
        NOON,
        streams=("historical_metrics",),
        historical_metrics=list(HISTORICAL[:2]),
        faults=faults,
    )
    days = Counter(each["metric"] for each in reported(run).values())
    assert days == {HISTORICAL[0]: 6, HISTORICAL[1]: 7}


@pytest.mark.parametrize("stream", ["historical_metrics", "instant_metrics"])
def test_an_account_without_any_metric_gets_an_error_that_names_the_setting(stream):
    with pytest.raises(FreshchatError, match=f"setting {stream}"):
        run_tap(NOON, streams=(stream,), **{stream: ["mood", "weather"]})


@pytest.mark.parametrize("wrong", ["", "a?", "a?colour=red", "?x_time=5"])
def test_a_malformed_metric_is_an_invalid_setting(wrong):
    with pytest.raises(ConfigError, match="instant_metrics"):
        run_tap(NOON, streams=("instant_metrics",), instant_metrics=[wrong])


def test_without_metrics_there_is_no_request():
    run = run_tap(NOON, streams=("historical_metrics",), historical_metrics=[])
    assert len(run.requests) == 1


def test_figures_are_numbers_times_are_iso_and_invalid_values_are_null():
    answer = {
        "metrics": ["m"],
        "aggregator": "median",
        "data": [
            {
                "series": [
                    {
                        "start": "2026-11-20T00:00:00.000+05:30",
                        "end": "2026-11-21T00:00:00.000+05:30",
                        "values": [
                            {"key": "a", "value": "12.50"},
                            {"key": "b", "value": ""},
                            {"key": "c", "value": "n/a"},
                            {"key": "d", "value": "NaN"},
                            {"key": "e", "value": None},
                            {"key": "f", "value": 3},
                        ],
                    }
                ]
            }
        ],
    }
    records = list(historical_records(Metric.parse("m"), answer, interval="1d"))
    assert [each["value"] for each in records] == [12.5, None, None, None, None, 3]
    assert records[0]["start_time"] == "2026-11-19T18:30:00.000000+00:00"
    assert records[0]["aggregator"] == "median"
    assert len({each["id"] for each in records}) == 6


def test_two_forms_of_one_metric_and_two_groups_never_share_an_id():
    answer = {
        "data": [
            {"groupings": [{"key": "group", "value": group}], "values": [{"key": "k", "count": 1}]}
            for group in ("g", "h")
        ]
    }
    forms = (Metric.parse("m"), Metric.parse("m?x_time=5"))
    records = [each for form in forms for each in instant_records(form, answer, now=NOON)]
    assert len({each["id"] for each in records}) == 4


def test_a_metric_response_that_is_not_an_object_is_an_error():
    def faults(request):
        is_metric = request.path == "/v2/metrics/instant"
        return sandbox.Response.of_json(200, []) if is_metric else None

    with pytest.raises(FreshchatError, match="metrics/instant"):
        run_tap(NOON, streams=("instant_metrics",), faults=faults)
