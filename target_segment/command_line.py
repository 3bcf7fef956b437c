"""What the command line offers beside the SDK's own options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from target_segment.encoding import encode
from target_segment.presets import load_fields
from target_segment.tracking_plan import tracking_plan

if TYPE_CHECKING:
    from target_segment.mapping.routing import Routing


def own_options() -> list[click.Parameter]:
    """List the options: each is another job than reading Singer messages."""
    return [
        click.Option(
            ["--replay", "replay_path"],
            help="A dead-letter file to send again instead of reading Singer messages.",
            type=click.Path(exists=True, dir_okay=False),
        ),
        click.Option(
            ["--tracking-plan"],
            help="Print Protocols rules for the events that the settings yield, and exit.",
            is_flag=True,
        ),
    ]


def print_plan(routing: Routing, preset: str) -> None:
    """Print the tracking plan of the settings as indented JSON."""
    plan = tracking_plan(routing, load_fields(preset))
    click.echo(msgspec.json.format(encode(plan), indent=2))
