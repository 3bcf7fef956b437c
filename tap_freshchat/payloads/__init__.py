"""Occurrences as records in the shape of Freshworks' product events. Pure."""
