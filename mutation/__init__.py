"""Mutation tests of the pure cores: `python3 mutation/run.py`."""
