"""State stores: the same runs with the system database, files and S3 give the same result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from e2e.checks import check, say
from e2e.composition.folder import SANDBOX, Folder

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.composition.bucket import Bucket

JOB = "meltano run live-events"
STATE_ID = "sandbox:tap-freshchat-to-target-segment"
SUFFIX = "again"


@dataclass(frozen=True)
class Outcome:
    """What the runs with one store gave.

    Attributes:
        first: Message ids of the first run, up to the middle of the period.
        second: Those of the next, up to its end.
        refreshed: Those of a run with `--full-refresh`.
        suffixed: Those of a run with `--state-id-suffix`.
        states: How far the state is after each of them; the last by the suffixed id.
    """

    first: list[str]
    second: list[str]
    refreshed: list[str]
    suffixed: list[str]
    states: list[dict[str, str]]


def keep_state_in_each(folder: Path, bucket: Bucket) -> None:
    """Four runs with each store, then the checks."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    # Fixed moments, so that all stores see the same periods.
    start, between, end = ((now - timedelta(hours=hours)).isoformat() for hours in (72, 24, 2))
    stores: dict[str, dict[str, str]] = {
        "system database": {},
        "files": {"MELTANO_STATE_BACKEND_URI": f"file://{folder}/states"},
        "S3": {"MELTANO_STATE_BACKEND_URI": bucket.uri("one"), **bucket.settings},
    }
    outcomes = {}
    for name, settings in stores.items():
        say(f"State in {name}")
        project = Folder(
            folder / name.replace(" ", "-"),
            FRESHCHAT_SANDBOX_OPTIONS=SANDBOX.partition("?")[2],
            TAP_FRESHCHAT_START_DATE=start,
            **settings,
        )
        outcomes[name] = _four_runs(project, between, end)
        _check(outcomes[name])
    check(
        "the same message ids with each",
        1,
        len({repr(_ids(each)) for each in outcomes.values()}),
    )
    check("the same states with each", 1, len({repr(each.states) for each in outcomes.values()}))
    kept = [f"one/{STATE_ID}/state.json", f"one/{STATE_ID}:{SUFFIX}/state.json"]
    check("the bucket holds the two states and no lock", kept, bucket.keys())
    say(_table(outcomes))


def _four_runs(project: Folder, between: str, end: str) -> Outcome:
    ids, states = [], []
    for number, (option, until) in enumerate(
        [("", between), ("", end), ("--full-refresh", end), (f"--state-id-suffix={SUFFIX}", end)],
    ):
        output = f"output/{number}"
        settings = {"TAP_FRESHCHAT_END_DATE": until, "TARGET_SEGMENT_OUTPUT_PATH": output}
        project.run(f"{JOB} {option}", **settings)
        ids.append(project.sent(output))
        states.append(_state(project, f"{STATE_ID}:{SUFFIX}" if "suffix" in option else STATE_ID))
    listed = project.run("meltano state list").split()
    check("two states, by their ids", sorted([STATE_ID, f"{STATE_ID}:{SUFFIX}"]), sorted(listed))
    check("the suffix leaves the other state alone", states[2], _state(project, STATE_ID))
    first, second, refreshed, suffixed = ids
    return Outcome(first, second, refreshed, suffixed, states)


def _state(project: Folder, state_id: str) -> dict[str, str]:
    return bookmarks(project.run(f"meltano state get {state_id}"))


def bookmarks(state: str) -> dict[str, str]:
    """How far each stream of a state has come.

    The rest is the tap's and the SDK's own notes. With `--full-refresh` Meltano lays each state of
    a run over the one before, key by key: a note may stay which the last state no longer has.
    """
    streams = json.loads(state)["singer_state"]["bookmarks"]
    return {name: each["replication_key_value"] for name, each in streams.items()}


def _check(outcome: Outcome) -> None:
    first, second = set(outcome.first), set(outcome.second)
    check("both runs have something to send", [True, True], [bool(first), bool(second)])
    check("the second sends nothing again", set(), first & second)
    check("--full-refresh sends all that both sent", first | second, set(outcome.refreshed))
    check("--state-id-suffix starts again as well", first | second, set(outcome.suffixed))
    check("all three end in one state", [outcome.states[1]] * 2, outcome.states[2:])


def _ids(outcome: Outcome) -> list[list[str]]:
    return [
        sorted(each)
        for each in (outcome.first, outcome.second, outcome.refreshed, outcome.suffixed)
    ]


def _table(outcomes: dict[str, Outcome]) -> str:
    lines = [f"{'':18}{'first':>8}{'second':>8}{'refresh':>9}{'suffix':>8}"]
    for name, each in outcomes.items():
        first, second, refreshed, suffixed = (len(ids) for ids in _ids(each))
        lines.append(f"{name:18}{first:>8,}{second:>8,}{refreshed:>9,}{suffixed:>8,}")
    return "\n".join(["", *lines, ""])
