"""Run statistics: counts that add up."""

from collections import Counter

from target_segment.run_stats import RunStats

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


def test_counts_of_two_runs_add_up():
    total = RunStats()
    total.add(STATS)
    total.add(STATS)
    assert total.sent == Counter({name: 2 * count for name, count in STATS.sent.items()})
    assert total.body_bytes == 2 * STATS.body_bytes
