"""Shows what docs/scale-out.md promises, on real parts."""
