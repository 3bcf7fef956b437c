"""Mutation tests of the pure cores: `python3 tests/mutation/run.py`."""
