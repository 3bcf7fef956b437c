"""Other taps and targets, state stores and several accounts under Meltano."""
