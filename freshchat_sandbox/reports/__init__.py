"""Raw reports of the account, and the jobs that produce them."""
