"""REST representations of the synthetic account."""
