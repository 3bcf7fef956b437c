"""Singer tap for Freshchat."""
