"""Settings of the tap: accepted forms and errors."""

from datetime import timedelta
from pathlib import Path

import pytest
from fakes.clock import NOON

import freshchat_sandbox as sandbox
from tap_freshchat.config import Config, normalise_api_url
from tap_freshchat.config_schema import SETTINGS
from tap_freshchat.errors import ConfigError
from tap_freshchat.times import format_time
from tap_freshchat.windows import FRESHCHAT_EPOCH

DEFAULTS = {
    name: each["default"]
    for name, each in SETTINGS.to_dict()["properties"].items()
    if "default" in each
}


def config(**config):
    return Config.from_config({**DEFAULTS, "api_url": "sandbox://", **config}, NOON)


@pytest.mark.parametrize(
    ("pasted", "base_url"),
    [
        ("https://acme.freshchat.com/v2", "https://acme.freshchat.com/v2"),
        ("https://acme.freshchat.com/v2/", "https://acme.freshchat.com/v2"),
        ("https://acme.freshchat.com", "https://acme.freshchat.com/v2"),
        ("acme.myfreshworks.com", "https://acme.myfreshworks.com/v2"),
        (" ACME ", "https://acme.freshchat.com/v2"),
        ("acme-903107721895127531", "https://acme-903107721895127531.freshchat.com/v2"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v2"),
        ("localhost:8080", "https://localhost:8080/v2"),
    ],
)
def test_the_api_url_is_accepted_in_every_usual_form(pasted, base_url):
    assert normalise_api_url(pasted) == base_url


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "http://acme.freshchat.com",
        "https://acme.freshchat.com/admin/settings",
        "https://acme.freshchat.com/v2?x=1",
        "https://user:password@acme.freshchat.com",
        "ftp://acme.freshchat.com",
        "https://acme.freshchat.com\n.evil.com",
        "https://acme.freshchat.com\t.evil.com",
        "acme.fresh\x00chat.com",
        "acme .freshchat.com",
        "acme\u2028.freshchat.com",
        "https://evil.com#@acme.freshchat.com",
        "acme/../../evil.com",
    ],
)
def test_an_api_url_that_could_send_the_token_elsewhere_is_an_error_that_names_the_setting(pasted):
    with pytest.raises(ConfigError, match="api_url"):
        normalise_api_url(pasted)


@pytest.mark.parametrize(
    "pasted", ["https://acme.freshchat.com:99999", "acme.freshchat.com:443x", "https://[abc"]
)
def test_an_api_url_that_cannot_be_parsed_is_an_error_that_names_the_setting(pasted):
    with pytest.raises(ConfigError, match="api_url"):
        config(api_url=pasted, api_token="t")


def test_a_token_is_accepted_without_its_line_end_and_with_no_other_character():
    assert config(api_token="abc\n").token == "abc"
    for copied in ("…", "a b", "a\nb"):
        with pytest.raises(ConfigError, match="api_token has characters"):
            config(api_token=copied)


def test_an_end_before_the_default_start_names_the_missing_setting():
    end = format_time(NOON - timedelta(days=20))
    with pytest.raises(ConfigError, match="start_date, which is 7 days back if not set"):
        config(end_date=end)


def test_a_start_before_freshchat_existed_is_the_start_of_freshchat():
    assert config(start_date="0001-01-01T00:00:00Z").start == FRESHCHAT_EPOCH


def test_a_missing_token_is_named_unless_the_sandbox_is_used():
    assert config().token is None
    with pytest.raises(ConfigError, match="api_token"):
        config(api_url="acme.freshchat.com")


def test_the_sandbox_is_called_at_its_own_host():
    # Any other would be asked over the network.
    assert config().base_url == f"https://{sandbox.API_HOST}/v2"


def test_without_a_start_date_a_run_starts_a_week_ago():
    assert config().start == NOON - timedelta(days=7)


def test_a_naive_start_date_is_utc():
    assert format_time(config(start_date="2026-11-20T10:00:00.5").start).startswith(
        "2026-11-20T10:00:00.5"
    )


@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_an_invalid_date_is_an_error_that_names_the_setting(name):
    with pytest.raises(ConfigError, match=name):
        config(**{name: "last week"})


def test_an_end_before_the_start_is_an_error():
    with pytest.raises(ConfigError, match="end_date"):
        config(start_date="2026-11-20", end_date="2026-11-19")


def test_malformed_report_columns_are_an_error_that_names_them():
    with pytest.raises(ConfigError, match="report_columns.agent_activity"):
        config(report_columns={"agent_activity": {"status": "State"}})


def test_the_path_of_rejected_rows_may_begin_with_the_home_directory(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    path = config(api_url="sandbox://", rejected_rows_path="~/run/x").rejected_rows_path
    assert path == Path("/home/ada/run/x")
    with pytest.raises(ConfigError, match="rejected_rows_path"):
        config(api_url="sandbox://", rejected_rows_path="~nobody-of-that-name/x")


def test_every_setting_is_described_and_titled():
    for name, each in SETTINGS.to_dict()["properties"].items():
        assert each.get("description"), name
        assert each.get("title"), name


def test_only_the_token_is_secret():
    properties = SETTINGS.to_dict()["properties"]
    assert [name for name, each in properties.items() if each.get("secret")] == ["api_token"]


def test_a_zone_that_does_not_exist_is_refused_by_name():
    assert config(report_time_zone="Asia/Kolkata").report_time_zone.key == "Asia/Kolkata"
    for name in ("Mars/Olympus", "../UTC", "", "EST5EDT5"):
        with pytest.raises(ConfigError, match="report_time_zone"):
            config(report_time_zone=name)


def test_reports_to_skip_are_known_reports_in_any_case():
    assert config(skip_reports=["csat-score"]).skip_reports == {"CSAT-Score"}
    with pytest.raises(ConfigError, match="skip_reports has unknown reports: csat"):
        config(skip_reports=["csat"])
