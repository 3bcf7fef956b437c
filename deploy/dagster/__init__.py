"""A backfill of many windows and many accounts on Dagster: docs/scale-out.md."""
