"""What the command line offers beside the SDK's own options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec
from singer_sdk.plugin_base import _ConfigInput

from target_segment.json_codec import encode
from target_segment.presets import load_fields
from target_segment.tracking_plan import tracking_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_segment.mapping.routing import Routing


def extra_options() -> list[click.Parameter]:
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


def read_config_files(paths: Sequence[str]) -> _ConfigInput:
    """Read the files of the option `--config`.

    Raises:
        click.BadParameter: One cannot be read.
    """
    try:
        return _ConfigInput.from_cli_args(*paths)
    except (OSError, ValueError) as fault:
        raise click.BadParameter(f"the file cannot be read: {fault}") from None
    except TypeError:
        raise click.BadParameter("the file must hold a JSON object") from None


def print_tracking_plan(routing: Routing, preset: str) -> None:
    """Print the tracking plan of the settings as indented JSON."""
    plan = tracking_plan(routing, load_fields(preset))
    click.echo(msgspec.json.format(encode(plan), indent=2))
