"""Run statistics: the summary table as a user sees it."""

from collections import Counter
from pathlib import Path

from target_segment.run_stats import RunStats, RunSummary, summary_table

STATS = RunStats(
    sent=Counter({"onMessageCreate": 11204, "onConversationUpdate": 1105}),
    identities=Counter(
        {"anonymousId": 3004, "userId": 9299, "anonymousId from conversation_id": 6}
    ),
    skipped=Counter({("message_events", "left out by when: message_type"): 311}),
    dead_letters=Counter({("message_events", "over Segment's limit of 32000 bytes an event"): 2}),
    merged=3,
    requests=64,
    retries=2,
    body_bytes=30_100_000,
    sent_bytes=4_900,
)


TABLE = """\
target-segment: done
-----------------------------------------------------------------------------------
sent           events                                                        12,309
                 onConversationUpdate                                         1,105
                 onMessageCreate                                             11,204
identified by  userId                                                         9,299
               anonymousId                                                    3,004
               anonymousId from conversation_id                                   6
skipped        message_events: left out by when: message_type                   311
dead letters   message_events: over Segment's limit of 32000 bytes an event       2
merged         same message id in one request                                     3
requests       30.1 MB, 4.9 kB compressed, 2 of them retries                     64
seconds                                                                        71.3
kept in        dead_letters.jsonl
"""

NOTHING = """\
target-segment: failed
----------------------
written  events    0
seconds          0.0
"""


def test_the_table_has_three_aligned_columns():
    summary = RunSummary(
        outcome="done", seconds=71.26, output=None, dead_letters=Path("dead_letters.jsonl")
    )
    assert summary_table(STATS, summary) == TABLE


def test_the_table_of_a_run_without_events_says_so():
    summary = RunSummary(
        outcome="failed", seconds=0.04, output=Path("output/x.jsonl"), dead_letters=Path("d")
    )
    assert summary_table(RunStats(), summary) == NOTHING


def test_the_table_of_a_dry_run_names_its_file():
    summary = RunSummary(
        outcome="done", seconds=1, output=Path("output/x.jsonl"), dead_letters=Path("d")
    )
    assert "written to     output/x.jsonl\n" in summary_table(STATS, summary)


def test_counts_of_two_runs_add_up():
    total = RunStats()
    total.add(STATS)
    total.add(STATS)
    assert total.sent == Counter({name: 2 * count for name, count in STATS.sent.items()})
    assert total.body_bytes == 2 * STATS.body_bytes
