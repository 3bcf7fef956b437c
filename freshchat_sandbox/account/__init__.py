"""Synthetic account: its agents, customers and conversations, and the ground truth."""
