"""Run: the objects that all streams share, built from the settings."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter

from target_segment.config import LIBRARY_NAME, Config
from target_segment.dead_letters import DeadLetters
from target_segment.delivery.batch_sender import BatchSender
from target_segment.delivery.batching import Batcher, envelope_size
from target_segment.delivery.client import BatchTransport, SegmentClient, check_write_key
from target_segment.delivery.queue import DeliveryQueue
from target_segment.dry_run import DryRun
from target_segment.errors import DeliveryError
from target_segment.log_redaction import redact_logs
from target_segment.mapping.routing import known_event_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_segment.clock import Clock

# Pause between two attempts to lock a dead-letter file that another process holds.
_LOCK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Run:
    """What all streams share; `dry_run` is None when events are sent to Segment."""

    delivery: DeliveryQueue
    dead_letters: DeadLetters
    dry_run: DryRun | None
    session: requests.Session
    clock: Clock

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
    transport = dry_run or _segment_client(session, config, version, logger, clock)

    def wait_for_lock() -> None:
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
        delivery=delivery, dead_letters=dead_letters, dry_run=dry_run, session=session, clock=clock
    )


def _segment_client(
    session: requests.Session, config: Config, version: str, logger: logging.Logger, clock: Clock
) -> BatchTransport:
    # Up to WARNING it logs URLs, and the path of the key check holds the write key. A log
    # configuration may set it to DEBUG, also later.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    redact_logs(config.write_key or "")
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=config.max_concurrency))
    if config.key_check_url is not None:
        known = check_write_key(session, config.key_check_url, config.request_timeout)
        if known is False:
            raise DeliveryError(
                "write_key: Segment has no source with this key (check_write_key: false skips the "
                "check)"
            )
        if known is None:
            logger.warning("no response from cdn_url to the write key check; the run continues")
    return SegmentClient(
        session=session,
        api_url=config.api_url,
        write_key=config.write_key or "",
        timeout=config.request_timeout,
        clock=clock,
        user_agent=f"{LIBRARY_NAME}/{version}",
    )
