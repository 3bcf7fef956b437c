"""Run: the objects that all streams share, built from the settings."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from target_segment.config import LIBRARY_NAME, Config
from target_segment.dead_letters import DeadLetters
from target_segment.delivery.batch_sender import BatchSender
from target_segment.delivery.batching import Batcher, envelope_size
from target_segment.delivery.client import BatchTransport, SegmentClient, check_write_key
from target_segment.delivery.deadlines import DeadlineAdapter
from target_segment.delivery.queue import DeliveryQueue
from target_segment.dry_run import DryRun
from target_segment.errors import DeadLetterError, DeliveryError
from target_segment.log_redaction import redact_logs
from target_segment.mapping.routing import known_event_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_segment.clock import Clock
    from target_segment.segment_spec import Reason

# Pause between two attempts to lock a dead-letter file that another process holds.
_LOCK_SECONDS = 0.05
# Fewer records may all be at fault by themselves.
MIN_FAILED_RECORDS = 10
# How often a slow look-up of the write key checks for a signal.
_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Run:
    """What all streams share; `dry_run` is None when events are sent.

    `summary_path` is where the totals are written at the end; None without a file.
    """

    delivery: DeliveryQueue
    dead_letters: DeadLetters
    dry_run: DryRun | None
    session: requests.Session
    clock: Clock
    summary_path: Path | None = None

    def raise_for_failed_streams(self) -> None:
        """Raise `DeadLetterError` if a stream has many dead letters and nothing else."""
        failed = [
            f"no record of stream '{stream}' could be sent ({count:,} dead letters, most of them: "
            f"{reason})"
            for stream, count, reason in self.delivery.stats.failed_streams(MIN_FAILED_RECORDS)
        ]
        if failed:
            raise DeadLetterError(
                f"{'; '.join(failed)}; they are kept in {self.dead_letters.path}: fix the cause, "
                "then send them with --replay"
            )

    def reject_line(self, text: str, reason: Reason) -> None:
        """Keep a line of the input whose message cannot be read, as a dead letter."""
        self.dead_letters.write_line(text, reason)
        self.delivery.stats.dead_letters["input", reason.text] += 1

    def close(self) -> None:
        """Close files and connections."""
        self.dead_letters.close()
        self.session.close()


def build_run(
    config: Config,
    version: str,
    *,
    check_interrupt: Callable[[], None],
    logger: logging.Logger,
    clock: Clock,
) -> Run:
    """Build a run, and check the write key if the settings ask for it.

    `check_interrupt` is called while the run waits; it raises to end the wait. Raises
    `DeliveryError` if Segment does not know the write key.
    """
    dry_run = None
    if config.output_path is not None:
        dry_run = DryRun(config.output_path, clock, version)
        logger.warning(
            "Dry run: nothing is sent, but STATE is emitted. A real run that continues from this "
            "STATE never sends these events."
        )
    session = requests.Session()
    if dry_run is None:
        _prepare_session(session, config)
        _check_write_key(session, config, check_interrupt, logger)
    transport = dry_run or _segment_client(session, config, version, clock)

    lock_is_logged = threading.Event()

    def wait_for_lock() -> None:
        if not lock_is_logged.is_set():
            lock_is_logged.set()
            logger.warning(
                "%s is locked by another process; waiting until it is free (dead_letter_path)",
                config.dead_letter_path,
            )
        check_interrupt()
        clock.sleep(_LOCK_SECONDS)

    dead_letters = DeadLetters(
        config.dead_letter_path, config.max_dead_letters, clock, wait_for_lock
    )
    sender = BatchSender(
        transport=transport,
        dead_letters=dead_letters,
        events_per_second=0 if dry_run else config.max_events_per_second,
        retry_seconds=config.max_retry_seconds,
        clock=clock,
        logger=logger,
        known_event_names=known_event_names(config.routing, config.preset),
        on_accepted=dry_run.preview.add if dry_run else lambda _: None,
    )
    envelope = envelope_size(None if dry_run else config.write_key)
    delivery = DeliveryQueue(
        sender=sender,
        batcher=Batcher(config.batch_max_events, config.batch_max_bytes, envelope),
        # A dry run's file holds the bodies in order.
        concurrency=1 if dry_run else config.max_concurrency,
        state_seconds=config.state_flush_seconds,
        clock=clock,
        check_interrupt=check_interrupt,
    )
    return Run(
        delivery=delivery,
        dead_letters=dead_letters,
        dry_run=dry_run,
        session=session,
        clock=clock,
        summary_path=config.summary_path,
    )


def _prepare_session(session: requests.Session, config: Config) -> None:
    # Up to WARNING it logs URLs, and the path of the key check holds the write key. A log
    # configuration may set it to DEBUG, also later.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    redact_logs(config.write_key or "", *config.receiver.headers.values())
    for scheme in ("https://", "http://"):
        session.mount(scheme, DeadlineAdapter(pool_maxsize=config.max_concurrency))


def _check_write_key(
    session: requests.Session,
    config: Config,
    check_interrupt: Callable[[], None],
    logger: logging.Logger,
) -> None:
    url = config.receiver.key_check_url
    if url is None:
        return
    results: list[bool | None] = []
    # In a thread that does not outlive the process, so that a signal ends a slow look-up.
    look_up = threading.Thread(
        target=lambda: results.append(check_write_key(session, url, config.request_timeout)),
        daemon=True,
    )
    look_up.start()
    while look_up.is_alive():
        look_up.join(_POLL_SECONDS)
        check_interrupt()
    if results == [False]:
        raise DeliveryError(
            "write_key: Segment has no source with this key (check_write_key: false skips the "
            "check)"
        )
    if results != [True]:
        logger.warning("no response from cdn_url to the write key check; the run continues")


def _segment_client(
    session: requests.Session, config: Config, version: str, clock: Clock
) -> BatchTransport:
    return SegmentClient(
        session=session,
        api_url=config.receiver.api_url,
        write_key=config.write_key or "",
        timeout=config.request_timeout,
        clock=clock,
        user_agent=f"{LIBRARY_NAME}/{version}",
        at_segment=config.receiver.is_segment,
        headers=config.receiver.headers,
    )
