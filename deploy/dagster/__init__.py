"""Backfills of many windows and many accounts with Dagster: docs/scale-out.md."""
