"""From settings to the objects of a run: transport, dead letters, delivery."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter

from target_segment.config import LIBRARY_NAME, Config
from target_segment.dead_letters import DeadLetters
from target_segment.delivery.batch_sender import BatchSender, Clock
from target_segment.delivery.batching import Batcher, envelope_size
from target_segment.delivery.client import BatchTransport, SegmentClient, check_write_key
from target_segment.delivery.queue import DeliveryQueue
from target_segment.dry_run import DryRun
from target_segment.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

SYSTEM_CLOCK = Clock(now=time.monotonic)
# How long to wait before looking again whether another process is done with the dead letters.
_LOCK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Run:
    """What all streams share.

    Attributes:
        delivery: Where events go.
        dead_letters: Where goes what cannot be sent.
        dry_run: What takes the events instead of Segment, None when they are really sent.
        session: Connections to close at the end.
        now: The time of day, in UTC.
    """

    delivery: DeliveryQueue
    dead_letters: DeadLetters
    dry_run: DryRun | None
    session: requests.Session
    now: Callable[[], datetime]

    def close(self) -> None:
        """Close files and connections."""
        self.dead_letters.close()
        self.session.close()


def build_run(
    settings: Config,
    version: str,
    check_interrupt: Callable[[], None],
    logger: logging.Logger,
    *,
    clock: Clock = SYSTEM_CLOCK,
) -> Run:
    """Build what a run needs, and check the write key if so set.

    Args:
        settings: The checked settings.
        version: This package's version.
        check_interrupt: Called by the delivery while it waits; raises to end the wait.
        logger: For warnings.
        clock: What time it is, how it passes, and how to wait.

    Raises:
        DeliveryError: Segment does not know the write key.
    """
    output = settings.output_path
    dry_run = DryRun(output, clock.utc_now, version) if output is not None else None
    if dry_run is not None:
        logger.warning(
            "Dry run: nothing is sent, and STATE moves all the same; a real run that goes on from "
            "it would never send these events"
        )
    session = requests.Session()
    transport = dry_run or _segment_client(session, settings, version, logger, clock)
    never = threading.Event()

    def pause() -> None:
        check_interrupt()
        clock.wait(never, _LOCK_SECONDS)

    dead_letters = DeadLetters(
        settings.dead_letter_path, settings.max_dead_letters, clock.utc_now, pause
    )
    sender = BatchSender(
        transport=transport,
        dead_letters=dead_letters,
        events_per_second=0 if dry_run else settings.max_events_per_second,
        retry_seconds=settings.max_retry_seconds,
        time=clock,
        logger=logger,
        known_event_names=settings.routing.known_event_names,
        accepted=dry_run.preview.add if dry_run else lambda _: None,
    )
    delivery = DeliveryQueue(
        sender=sender,
        batcher=Batcher(
            settings.batch_max_events, settings.batch_max_bytes, envelope_size(transport.write_key)
        ),
        # A dry run's file holds the bodies in order.
        concurrency=1 if dry_run else settings.max_concurrency,
        state_seconds=settings.state_flush_seconds,
        now=clock.now,
        check_interrupt=check_interrupt,
    )
    return Run(
        delivery=delivery,
        dead_letters=dead_letters,
        dry_run=dry_run,
        session=session,
        now=clock.utc_now,
    )


def _segment_client(
    session: requests.Session,
    settings: Config,
    version: str,
    logger: logging.Logger,
    clock: Clock,
) -> BatchTransport:
    # Up to WARNING it writes out URLs, and the look-up of a write key has the key in its path.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=settings.max_concurrency))
    if settings.key_check_url is not None:
        known = check_write_key(session, settings.key_check_url, settings.request_timeout)
        if known is False:
            raise DeliveryError(
                "write_key: Segment knows no source with it (check_write_key: false skips this)"
            )
        if known is None:
            logger.warning("The write key could not be checked at cdn_url; going on")
    return SegmentClient(
        session=session,
        api_url=settings.api_url,
        write_key=settings.write_key or "",
        timeout=settings.request_timeout,
        now=clock.utc_now,
        user_agent=f"{LIBRARY_NAME}/{version}",
    )
