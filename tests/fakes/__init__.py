"""Fake services, clocks and transports for tests."""
