"""Account file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from deploy.dagster.accounts import Account, AccountsError, read_plan

ROOT = Path(__file__).resolve().parents[2]
ENTRY = "{tap: tap-a, target: target-a, start: 2026-01-01, requests_per_minute: 100"


def test_an_account_without_a_job_limit_has_freshchats_limit():
    plan = read_plan(f"accounts: {{acme: {ENTRY}}}}}")
    acme = Account(
        name="acme",
        tap="tap-a",
        target="target-a",
        start=date(2026, 1, 1),
        requests_per_minute=100,
        report_jobs_per_minute=1,
    )
    assert (plan.window, plan.accounts) == ("month", (acme,))
    assert acme.pool == "freshchat_acme"


def test_the_shipped_file_can_be_read():
    shipped = (ROOT / "deploy" / "dagster" / "accounts.yml").read_text()
    assert [account.name for account in read_plan(shipped).accounts] == ["sandbox"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not YAML"),
        ("accounts: []", "by name"),
        (f"{{window: year, accounts: {{acme: {ENTRY}}}}}}}", "window must be one of"),
        (f"{{windows: day, accounts: {{acme: {ENTRY}}}}}}}", "windows"),
        (f"accounts: {{Acme-1: {ENTRY}}}}}", "Acme-1"),
        ("accounts: {acme: {tap: tap-a, target: target-a}}", "lacks start, requests_per_minute"),
        (f"accounts: {{acme: {ENTRY}, report_jobs_per_minute: 0}}}}", "report_jobs_per_minute"),
        (f"accounts: {{acme: {ENTRY}, report_jobs_per_minute: true}}}}", "a whole number"),
        (f"accounts: {{acme: {ENTRY}, pool: x}}}}", "pool is unknown"),
    ],
)
def test_an_invalid_file_is_an_error_that_names_it(text, said):
    with pytest.raises(AccountsError, match=said):
        read_plan(text)
