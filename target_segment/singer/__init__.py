"""Singer input: messages read, checked, and validated against their schema."""
