"""Deployment files: container image, Dagster code location and Meltano Hub definitions."""
