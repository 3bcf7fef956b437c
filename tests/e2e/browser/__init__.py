"""The dry-run page in Chromium."""
