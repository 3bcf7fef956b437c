"""Freshchat over HTTP: one client, its limits, its pages; knows no Singer and no streams."""
