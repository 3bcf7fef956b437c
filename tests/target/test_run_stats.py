"""The closing table, as a user sees it."""

from collections import Counter
from pathlib import Path

from target_segment.run_stats import RunStats, RunSummary, summary_table

REPORT = RunStats(
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


def test_the_table_reads_at_a_glance():
    closing = RunSummary(
        outcome="done", seconds=71.26, output=None, dead_letters=Path("dead_letters.jsonl")
    )
    assert summary_table(REPORT, closing) == TABLE


def test_a_run_that_did_nothing_says_so():
    closing = RunSummary(
        outcome="failed", seconds=0.04, output=Path("output/x.jsonl"), dead_letters=Path("d")
    )
    assert summary_table(RunStats(), closing) == NOTHING


def test_a_dry_run_says_where_its_file_lies():
    closing = RunSummary(
        outcome="done", seconds=1, output=Path("output/x.jsonl"), dead_letters=Path("d")
    )
    assert "written to     output/x.jsonl\n" in summary_table(REPORT, closing)


def test_reports_add_up():
    total = RunStats()
    total.add(REPORT)
    total.add(REPORT)
    assert total.sent == Counter({name: 2 * count for name, count in REPORT.sent.items()})
    assert total.body_bytes == 2 * REPORT.body_bytes
