"""A back-fill of many windows and many accounts on Dagster: docs/scale-out.md."""
