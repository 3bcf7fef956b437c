"""Two accounts in one project at once, compared with each of them alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from fakes.segment import FakeSegment

from e2e.checks import check, say
from e2e.composition.folder import SANDBOX, Folder, finished
from e2e.composition.fragments import fragment
from e2e.composition.stores import bookmarks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "meltano.md"
ACCOUNTS = ("us", "eu")
FILE = "accounts.meltano.yml"
# By name of setting and account, as the page has them.
SETTINGS = {
    **{f"TAP_FRESHCHAT_{each.upper()}_API_TOKEN": "sandbox" for each in ACCOUNTS},
    **{f"TARGET_SEGMENT_{each.upper()}_WRITE_KEY": f"key-{each}" for each in ACCOUNTS},
    "TAP_FRESHCHAT_US_API_URL": f"{SANDBOX}&seed=1",
    "TAP_FRESHCHAT_EU_API_URL": f"{SANDBOX}&seed=2",
}


@dataclass(frozen=True)
class AccountResult:
    """What the runs of an account produced.

    Attributes:
        sent: Message ids accepted under the write key of the account.
        dead_letters: Message ids in the account's dead letters.
        state: Bookmark of each stream.
    """

    sent: list[str]
    dead_letters: list[str]
    state: dict[str, str]


def run_two_accounts(folder: Path) -> None:
    """Two rounds of both at once, and of each alone."""
    say("Two accounts in one project")
    now = datetime.now(timezone.utc).replace(microsecond=0)
    start, between, end = ((now - timedelta(hours=hours)).isoformat() for hours in (72, 24, 2))
    both = _rounds(folder / "both", ACCOUNTS, start, [between, end])
    for each in ACCOUNTS:
        alone = _rounds(folder / each, (each,), start, [between, end])[each]
        here = both[each]
        check(f"{each}: something is sent, something refused", [1, 1], _some(here))
        check(f"{each}: Segment has what it has when run alone", alone.sent, here.sent)
        check(f"{each}: so have the dead letters", alone.dead_letters, here.dead_letters)
        check(f"{each}: and the state", alone.state, here.state)
    us, eu = (set(both[each].sent + both[each].dead_letters) for each in ACCOUNTS)
    check("no event is of both accounts", set(), us & eu)
    _miss_a_variable(folder / "missing")


def _rounds(
    folder: Path,
    accounts: tuple[str, ...],
    start: str,
    ends: list[str],
) -> dict[str, AccountResult]:
    with FakeSegment(tuple(f"key-{each}" for each in ACCOUNTS)) as segment:
        # Some events are refused, so that there are dead letters to mix up.
        segment.is_poison = lambda event: event["messageId"][-1] in "07"
        given = {
            "TARGET_SEGMENT_API_URL": segment.api_url,
            "TARGET_SEGMENT_CDN_URL": segment.cdn_url,
            "TAP_FRESHCHAT_START_DATE": start,
        }
        project = Folder(folder, MELTANO_ENVIRONMENT="prod", **SETTINGS, **given)
        (folder / FILE).write_text(fragment(f"file: {FILE}", PAGE))
        # Makes Meltano's database, which cannot be made twice at once.
        project.run("meltano state list")
        for end in ends:
            commands = [f"meltano run live-events-{each}" for each in accounts]
            running = [project.start(each, TAP_FRESHCHAT_END_DATE=end) for each in commands]
            for process, command in zip(running, commands, strict=True):
                finished(process, command)
        check("all as Segment wants it", ([], []), (segment.complaints, segment.swallowed))
        return {each: _result(project, segment, each) for each in accounts}


def _miss_a_variable(folder: Path) -> None:
    """A missing setting of one account is not taken from the plugin it inherits from."""
    others = {
        "TAP_FRESHCHAT_API_URL": SANDBOX,
        "TAP_FRESHCHAT_API_TOKEN": "other",
        "TARGET_SEGMENT_WRITE_KEY": "other",
    }
    project = Folder(folder, MELTANO_ENVIRONMENT="prod", **others)
    (folder / FILE).write_text(fragment(f"file: {FILE}", PAGE))
    own = {"TAP_FRESHCHAT_EU_API_URL": "https://eu.freshchat.com"}
    for plugin, setting, given in [
        ("tap-freshchat-eu", "api_url", {}),
        ("tap-freshchat-eu", "api_token", own),
        ("target-segment-eu", "write_key", {}),
    ]:
        process = project.start(f"meltano invoke {plugin} < /dev/null", **given)
        _, log = process.communicate()
        wanted = (1, True)
        check(f"{plugin}: no other's {setting}", wanted, (process.returncode, setting in log))


def _result(project: Folder, segment: FakeSegment, account: str) -> AccountResult:
    accepted = set(segment.ids)
    bodies = [each.body for each in segment.received if each.body["writeKey"] == f"key-{account}"]
    given = {event["messageId"] for body in bodies for event in body["batch"]}
    dead_letters = (project.path / f"dead_letters-{account}.jsonl").read_text().splitlines()
    state_id = f"prod:tap-freshchat-{account}-to-target-segment-{account}"
    return AccountResult(
        sent=sorted(given & accepted),
        dead_letters=sorted(json.loads(each)["event"]["messageId"] for each in dead_letters),
        state=bookmarks(project.run(f"meltano state get {state_id}")),
    )


def _some(result: AccountResult) -> list[int]:
    return [min(len(result.sent), 1), min(len(result.dead_letters), 1)]
