"""Mutation tests of the pure cores: `python3 proofs/mutation/run.py`."""
