"""Command line options of the target beside the SDK's own."""

from __future__ import annotations

import click


def extra_options() -> list[click.Parameter]:
    """List the options that run another job than reading Singer messages."""
    file = click.Path(exists=True, dir_okay=False)
    return [
        click.Option(
            ["--replay", "replay_path"],
            help="Send the events of this dead-letter file instead of reading Singer messages.",
            type=file,
        ),
        click.Option(
            ["--tracking-plan"],
            help="Print Segment Protocols rules for the configured events and exit.",
            is_flag=True,
        ),
        click.Option(
            ["--catalog", "catalog_path"],
            help="Singer catalog of the tap, which gives the tracking plan its types.",
            type=file,
        ),
    ]
