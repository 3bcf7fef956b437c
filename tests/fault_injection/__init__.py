"""Fault injection: tap and target as real processes, under random faults of services and host."""
