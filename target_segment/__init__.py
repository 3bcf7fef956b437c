"""Singer target for Segment."""
