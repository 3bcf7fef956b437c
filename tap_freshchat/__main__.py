"""Entry point of `python -m tap_freshchat`."""

from tap_freshchat.tap import TapFreshchat

TapFreshchat.cli()
