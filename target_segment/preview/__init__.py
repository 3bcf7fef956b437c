"""Preview of a dry run: statistics of its events and the page that shows them."""
