"""The far ends that tests talk to."""
