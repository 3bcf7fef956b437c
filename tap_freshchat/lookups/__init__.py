"""REST look-ups, each made at most once a run: the account, users, conversations."""
