"""The page that a dry run leaves: what is gathered of its events, and how it is drawn."""
