"""What is looked up by REST, each thing once a run: the account, users, conversations."""
