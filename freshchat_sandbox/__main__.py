"""Command line of the sandbox: serves it over HTTP, or prints its ground truth."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from freshchat_sandbox import Options, Sandbox, serve
from freshchat_sandbox.account.timestamps import parse_iso, to_datetime
from freshchat_sandbox.options import describe_options

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    texts = {name: getattr(parsed, name) for name in describe_options()}
    try:
        options = Options.from_texts(
            {name: text for name, text in texts.items() if text is not None}
        )
        bounds = [to_datetime(parse_iso(text)) for text in parsed.ground_truth or ()]
    except ValueError as error:
        parser.error(str(error))
    sandbox = Sandbox(options, lambda: datetime.now(timezone.utc))
    if bounds:
        return _print_ground_truth(sandbox, *bounds)
    with contextlib.suppress(KeyboardInterrupt), serve(sandbox, parsed.host, parsed.port) as server:
        sys.stderr.write(
            f"Freshchat sandbox at http://{parsed.host}:{server.server_port}/v2, "
            f"token {options.token!r}; press Ctrl-C to stop\n"
        )
        server.serve_forever()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m freshchat_sandbox", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8080,
        help="port to listen on; 0 selects a free one (default: 8080)",
    )
    parser.add_argument(
        "--ground-truth",
        nargs=2,
        metavar=("START", "END"),
        help="print the events in [START, END) as JSON lines and exit",
    )
    group = parser.add_argument_group("options of the account and the service")
    for name, description in describe_options().items():
        group.add_argument(
            f"--{name.replace('_', '-')}", metavar="VALUE", help=description.replace("%", "%%")
        )
    return parser


def _print_ground_truth(sandbox: Sandbox, start: datetime, end: datetime) -> int:
    with contextlib.suppress(BrokenPipeError):
        for event in sandbox.ground_truth(start, end):
            sys.stdout.write(json.dumps(event.as_json()) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
