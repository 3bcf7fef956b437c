"""Dagster code location: assets, jobs and schedules of every account."""
# Without `from __future__ import annotations`: Dagster inspects the types of a step.

import importlib
import os
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg

from deploy.dagster.accounts import Account, Plan, read_plan
from deploy.dagster.pipeline import PipelineError, Window, run_pipeline, settings_of
from deploy.dagster.shares import RateLimitShare, ShareError, share_of
from deploy.dagster.target_summary import TargetSummary

HERE = Path(__file__).resolve().parent
# A window may get rows after its end: reports are 15 minutes behind.
SETTLING = timedelta(hours=1)
POLLING = "*/15 * * * *"
# Polling has priority over the windows of a backfill that wait for the same slots.
FIRST = {"dagster/priority": "1"}
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


class Meltano(dg.ConfigurableResource):  # type: ignore[type-arg]  # it is its own value
    """The Meltano project whose plugins are run."""

    project: str
    executable: str = "meltano"


class Load(dg.Config):
    """Options of a run, in the launchpad or for a whole backfill."""

    full_refresh: bool = False


def account_assets(account: Account, window: str) -> list[dg.AssetsDefinition]:
    """The assets of an account: its history by window, and its polling; both in the same pool.

    A pool belongs to an asset, not to a partition, so each account has its own assets.
    """
    retries = dg.RetryPolicy(
        max_retries=int(os.environ.get("SCALE_OUT_RETRIES", "2")),
        delay=60,
        backoff=dg.Backoff.EXPONENTIAL,
    )

    @dg.asset(
        name="history",
        description=f"Freshchat's events of account {account.name}, each {window} of them.",
        partitions_def=dg.MultiPartitionsDefinition(
            {
                "account": dg.StaticPartitionsDefinition([account.name]),
                "window": _windows(window, account),
            }
        ),
        # Without backfill_policy, each window is a run that can fail and be retried alone.
        key_prefix=account.name,
        group_name=account.name,
        kinds={"meltano", "segment"},
        pool=account.pool,
        retry_policy=retries,
    )
    def history(
        context: dg.AssetExecutionContext, config: Load, meltano: Meltano
    ) -> dg.MaterializeResult[None]:
        span = context.partition_time_window
        if span.end + SETTLING > datetime.now(timezone.utc):
            raise dg.Failure(
                f"The window ends at {span.end:%Y-%m-%d %H:%M} UTC; reports have all of it "
                f"{SETTLING} later. Materialise it then.",
                allow_retries=False,
            )
        period = Window(start=span.start.isoformat(), end=span.end.isoformat())
        suffix = f"{account.name}-{span.start:%Y-%m-%d}"
        return _load(context, config, meltano, account, suffix, period)

    @dg.asset(
        name="live",
        description=f"Freshchat's events of account {account.name} since the last run.",
        key_prefix=account.name,
        group_name=account.name,
        kinds={"meltano", "segment"},
        pool=account.pool,
        retry_policy=retries,
    )
    def live(
        context: dg.AssetExecutionContext, config: Load, meltano: Meltano
    ) -> dg.MaterializeResult[None]:
        return _load(context, config, meltano, account, f"{account.name}-live", None)

    return [history, live]


def account_schedule(account: Account) -> dg.ScheduleDefinition:
    """Poll an account, unless its previous poll is still running."""
    job = dg.define_asset_job(
        f"live_{account.name}", selection=[dg.AssetKey([account.name, "live"])], tags=FIRST
    )

    @dg.schedule(job=job, cron_schedule=POLLING, name=f"live_{account.name}_every_15_minutes")
    def polling(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        unfinished = dg.RunsFilter(job_name=f"live_{account.name}", statuses=UNFINISHED)
        if context.instance.get_runs(unfinished, limit=1):
            return dg.SkipReason("The previous poll is still running.")
        return dg.RunRequest()

    return polling


def executor() -> dg.ExecutorDefinition:
    """The executor that SCALE_OUT_EXECUTOR names: `module:name`, or one of Dagster by name.

    Raises:
        ValueError: there is no such executor.
    """
    chosen = os.environ.get("SCALE_OUT_EXECUTOR", "in_process_executor")
    module, _, name = chosen.rpartition(":")
    try:
        found = getattr(importlib.import_module(module or "dagster"), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"SCALE_OUT_EXECUTOR is {chosen!r}: {error}") from None
    if not isinstance(found, dg.ExecutorDefinition):
        raise ValueError(f"SCALE_OUT_EXECUTOR is {chosen!r}, which is not an executor.")  # noqa: TRY004
    return found


def _windows(window: str, account: Account) -> dg.TimeWindowPartitionsDefinition:
    start = account.start.isoformat()
    if window == "month":
        return dg.MonthlyPartitionsDefinition(start)
    if window == "week":
        return dg.WeeklyPartitionsDefinition(start, day_offset=1)  # Monday
    return dg.DailyPartitionsDefinition(start)


def _load(  # noqa: PLR0913, PLR0917 - each is one fact about the run
    context: dg.AssetExecutionContext,
    config: Load,
    meltano: Meltano,
    account: Account,
    suffix: str,
    window: Window | None,
) -> dg.MaterializeResult[None]:
    share = _share(context.instance, account)
    began = time.monotonic()
    folder = Path(meltano.project) / "dead_letters" / suffix
    folder.mkdir(parents=True, exist_ok=True)
    try:
        summary = run_pipeline(
            meltano=meltano.executable,
            project=Path(meltano.project),
            account=account,
            suffix=suffix,
            full_refresh=config.full_refresh,
            settings=settings_of(account, share, window, folder),
            folder=folder,
            log_line=_log_line,
        )
    except PipelineError as error:
        raise dg.Failure(str(error), metadata={"state_id_suffix": suffix}) from None
    finally:
        time.sleep(share.cooldown_seconds)
    return dg.MaterializeResult(
        metadata={
            "state_id_suffix": suffix,
            "seconds": round(time.monotonic() - began, 1),
            "requests_per_minute": share.requests_per_minute,
            **_counts(summary),
        }
    )


def _share(instance: dg.DagsterInstance, account: Account) -> RateLimitShare:
    """The share of one slot of the account's pool; fails without a pool that limits runs.

    Raises:
        dagster.Failure: the pool has no limit, or more slots than can share the limits.
    """
    storage = instance.event_log_storage
    slots = {pool.name: pool.limit for pool in storage.get_pool_limits()}.get(account.pool)
    granularity = storage.get_pool_config().pool_granularity
    if not slots or (granularity is not None and granularity.value != "op"):
        raise dg.Failure(
            f"Pool {account.pool} does not enforce the limits of account {account.name}: in "
            f"dagster.yaml, set concurrency.pools.granularity to op, and default_limit to 1.",
            allow_retries=False,
        )
    try:
        return share_of(account, slots)
    except ShareError as error:
        raise dg.Failure(str(error), allow_retries=False) from None


def _counts(summary: TargetSummary) -> dict[str, int | float]:
    return {
        "events": summary.events,
        **{f"events/{name}": count for name, count in sorted(summary.by_name.items())},
        "skipped": summary.skipped,
        "dead_letters": summary.dead_letters,
        "target_seconds": summary.seconds,
    }


def _log_line(line: str) -> None:
    # Dagster stores the standard error of a step with its events.
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def build(plan: Plan, meltano: Meltano) -> dg.Definitions:
    """The definitions of every account."""
    return dg.Definitions(
        assets=[asset for each in plan.accounts for asset in account_assets(each, plan.window)],
        schedules=[account_schedule(each) for each in plan.accounts],
        executor=executor(),
        resources={"meltano": meltano},
    )


defs = build(
    read_plan(Path(os.environ.get("SCALE_OUT_ACCOUNTS", HERE / "accounts.yml")).read_text("utf-8")),
    Meltano(
        project=os.environ.get("MELTANO_PROJECT_ROOT", str(HERE.parents[1])),
        executable=os.environ.get("SCALE_OUT_MELTANO", "meltano"),
    ),
)
