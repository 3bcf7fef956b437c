"""What raw reports show of the desk, and the jobs that make them."""
