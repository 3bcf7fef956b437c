"""Run of a Meltano pipeline, with a script in place of Meltano."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deploy.dagster.accounts import Account
from deploy.dagster.pipeline import PipelineError, Window, run_pipeline, settings_of
from deploy.dagster.shares import RateLimitShare

ACME = Account(
    name="acme",
    tap="tap-freshchat-acme",
    target="target-segment-acme",
    start=date(2026, 1, 1),
    requests_per_minute=100,
)


def line(text, *, level="info", of="tap-freshchat-acme"):
    said = {"event": text, "level": level, "string_id": of, "consumer": of.startswith("target")}
    return json.dumps(said)


def run(tmp_path, lines, status=0, before="", **options):
    """Run a script that logs these lines, and records its arguments, folder and links."""
    program = tmp_path / "meltano"
    project = tmp_path / "project"
    project.mkdir(exist_ok=True)
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, pathlib, sys\n"
        "system = pathlib.Path(os.environ['MELTANO_SYS_DIR_ROOT'])\n"
        f"{before}\n"
        f"noted = [sys.argv[1:], os.getcwd(), str(system), sorted(os.listdir(system))]\n"
        f"pathlib.Path({str(tmp_path / 'noted')!r}).write_text(json.dumps(noted))\n"
        f"sys.stderr.write({chr(10).join(lines)!r} + chr(10))\n"
        f"sys.exit({status})\n"
    )
    program.chmod(0o755)
    logged: list[Any] = []
    options = {"full_refresh": False, "suffix": "acme-2026-01-01", **options}
    closing = run_pipeline(
        meltano=str(program),
        project=project,
        account=ACME,
        settings={},
        folder=tmp_path,
        log_line=logged.append,
        **options,
    )
    return closing, logged, json.loads((tmp_path / "noted").read_text())


def test_a_run_has_its_own_state_and_forwards_its_log_lines(tmp_path):
    _, logged, (arguments, folder, *_) = run(tmp_path, [line("hello")])
    assert arguments == [
        *("run", "tap-freshchat-acme", "target-segment-acme"),
        "--state-id-suffix=acme-2026-01-01",
    ]
    assert folder == str(tmp_path / "project")
    assert logged == ["tap-freshchat-acme | hello"]


def test_a_full_refresh_is_passed_on(tmp_path):
    *_, (arguments, *_) = run(tmp_path, [], full_refresh=True)
    assert arguments[-1] == "--full-refresh"


TOTALS = {
    "outcome": "done",
    "seconds": 1.5,
    "events": {"total": 12, "by_name": {"onMessageCreate": 12}},
    "skipped": {"total": 3},
    "dead_letters": {"total": 0},
}


def test_the_targets_totals_are_read(tmp_path):
    write = f"pathlib.Path({str(tmp_path / 'summary.json')!r}).write_text({json.dumps(TOTALS)!r})"
    closing, *_ = run(tmp_path, [], before=write)
    assert (closing.events, closing.skipped, closing.seconds) == (12, 3, 1.5)


def test_totals_of_an_earlier_run_are_not_read(tmp_path):
    (tmp_path / "summary.json").write_text(json.dumps(TOTALS))
    closing, *_ = run(tmp_path, [])
    assert closing.outcome is None


def test_a_failed_tap_fails_the_run_with_its_own_line(tmp_path):
    lines = [
        line("An unhandled error occurred while syncing", level="error"),
        line("POST /v2/reports/raw answered 403: check api_token.", level="critical"),
        line("Extractor failed", level="error", of="meltano"),
    ]
    with pytest.raises(PipelineError, match="^tap-freshchat-acme: POST .* 403: check api_token.$"):
        run(tmp_path, lines, status=1)


def test_a_failed_target_fails_the_run_with_its_own_line(tmp_path):
    lines = [
        line("The settings are not valid", level="error", of="target-segment-acme"),
        line("Loader failed", level="error", of="meltano"),
    ]
    with pytest.raises(PipelineError, match="^target-segment-acme: The settings are not valid$"):
        run(tmp_path, lines, status=1)


def test_a_run_that_fails_without_an_error_line_reports_its_exit_status(tmp_path):
    with pytest.raises(PipelineError, match="status 3"):
        run(tmp_path, [line("all is well")], status=3)


def test_runs_share_all_files_of_meltano_except_the_run_folder(tmp_path):
    system = tmp_path / "project" / ".meltano"
    (system / "run").mkdir(parents=True)
    (system / "extractors").mkdir()
    *_, (_, _, own, linked) = run(tmp_path, [])
    assert linked == ["extractors", "meltano.db"]
    assert own != str(system)
    assert not Path(own).exists()


def test_the_first_run_of_a_project_creates_the_database_that_later_runs_use(tmp_path):
    make = "import sqlite3; sqlite3.connect(system / 'meltano.db').execute('CREATE TABLE t (a)')"
    run(tmp_path, [], before=make)
    assert (tmp_path / "project" / ".meltano" / "meltano.db").exists()


def test_a_window_and_a_share_become_settings_of_the_accounts_own_plugins(tmp_path):
    share = RateLimitShare(requests_per_minute=25, report_jobs_per_minute=2)
    window = Window(start="2026-01-01T00:00:00+00:00", end="2026-02-01T00:00:00+00:00")
    assert settings_of(ACME, share, window, tmp_path) == {
        "TAP_FRESHCHAT_ACME_START_DATE": "2026-01-01T00:00:00+00:00",
        "TAP_FRESHCHAT_ACME_END_DATE": "2026-02-01T00:00:00+00:00",
        "TAP_FRESHCHAT_ACME_REQUESTS_PER_MINUTE": "25",
        "TAP_FRESHCHAT_ACME_REPORT_JOBS_PER_MINUTE": "2",
        "TAP_FRESHCHAT_ACME_REJECTED_ROWS_PATH": os.fspath(tmp_path / "rejected_rows.jsonl"),
        "TARGET_SEGMENT_ACME_DEAD_LETTER_PATH": os.fspath(tmp_path / "dead_letters.jsonl"),
        "TARGET_SEGMENT_ACME_SUMMARY_PATH": os.fspath(tmp_path / "summary.json"),
        "TARGET_SEGMENT_ACME_HISTORICAL": "true",
    }


def test_polling_has_no_window_and_is_not_history(tmp_path):
    share = RateLimitShare(requests_per_minute=25, report_jobs_per_minute=2)
    settings = settings_of(ACME, share, None, tmp_path)
    assert not [name for name in settings if "DATE" in name or "HISTORICAL" in name]
