"""Backfills of several accounts with Dagster."""
