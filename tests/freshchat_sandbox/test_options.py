"""Promises of the options: parsed from a URL, errors name the invalid one."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from freshchat_sandbox import Options, Sandbox
from freshchat_sandbox.readings import values_by_belief


def test_a_url_without_parameters_gives_the_defaults():
    assert Options.from_url("sandbox://") == Options()


def test_every_kind_of_field_can_be_a_parameter():
    url = (
        "sandbox://?seed=7&opened=2026-01-02&token=t%20k&report_latency=0.5&stuck_jobs=true"
        "&header_style=title&reopened_rows=no"
    )
    assert Options.from_url(url) == Options(
        seed=7,
        opened=date(2026, 1, 2),
        token="t k",
        report_latency=0.5,
        stuck_jobs=True,
        header_style="title",
        reopened_rows=False,
    )


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("sandbox://?sead=7", "sead"),
        ("sandbox://?seed=seven", "seed"),
        ("sandbox://?seed=1&seed=2", "seed"),
        ("sandbox://?opened=yesterday", "opened"),
        ("sandbox://?stuck_jobs=perhaps", "stuck_jobs"),
        ("sandbox://?sparse_conversations=few", "sparse_conversations"),
        ("sandbox://?conversations_per_day=0", "conversations_per_day"),
        ("sandbox://?conversations_per_day=99999999", "conversations_per_day"),
        ("sandbox://?missing_created_rows=1.5", "missing_created_rows"),
        ("sandbox://?report_latency=nan", "report_latency"),
        ("sandbox://?max_row_delay=-1", "max_row_delay"),
        ("sandbox://?token=", "token"),
        ("sandbox://acme?seed=1", "acme"),
        ("sandbox:///v2", "/v2"),
        ("sandbox://#x", "x"),
        ("https://example.com", "sandbox://"),
    ],
)
def test_an_invalid_option_is_named(url, named):
    with pytest.raises(ValueError, match=named):
        Options.from_url(url)


@pytest.mark.parametrize(
    ("belief", "value"),
    [(belief, value) for belief, values in values_by_belief().items() for value in values],
)
def test_every_reading_is_an_option_that_does_not_change_the_ground_truth(belief, value):
    options = Options.from_url(f"sandbox://?{belief}={value}")
    assert getattr(options, belief) == value
    noon = datetime(2026, 11, 18, 12, tzinfo=timezone.utc)
    events, as_by_default = (
        list(Sandbox(each, lambda: noon).ground_truth(noon, noon + timedelta(hours=2)))
        for each in (options, Options())
    )
    assert events == as_by_default


@pytest.mark.parametrize("values", values_by_belief().values(), ids=values_by_belief())
def test_every_belief_has_more_than_one_reading(values):
    assert len(set(values)) > 1
