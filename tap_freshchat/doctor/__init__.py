"""Doctor: examines an account and names what a run would miss, and the settings to change."""
