"""The made-up support desk: who works there, who writes, and what truly happened."""
