"""Singer streams of the tap."""
