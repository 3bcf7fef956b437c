"""The streams: what Singer sees of Freshchat."""
