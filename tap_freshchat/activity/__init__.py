"""What happened at the support desk, out of rows and messages: pure, but for one spool on disk."""
