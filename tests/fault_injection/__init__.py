"""The pair under faults drawn at random, over real sockets, between real processes."""
