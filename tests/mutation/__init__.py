"""Mutation tests of the pure modules: `python3 dev.py mutation`."""
