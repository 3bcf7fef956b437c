"""Builders of event records in the shape of Freshworks' product events. Pure."""
