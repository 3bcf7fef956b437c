"""HTTP access to Freshchat: client, rate limits, pagination. Knows no Singer and no streams."""
