"""Singer lines in: read, checked in shape and against their schema."""
