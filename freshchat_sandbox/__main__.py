"""Runs a sandbox on a port, or prints what truly happens at its desk."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from freshchat_sandbox import Options, Sandbox, serve
from freshchat_sandbox.account.timestamps import parse_iso, to_datetime
from freshchat_sandbox.options import option_names, parse_option

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    chosen = {name: getattr(given, name) for name in option_names()}
    try:
        read = {name: parse_option(name, text) for name, text in chosen.items() if text is not None}
        options = Options(**read)  # type: ignore[arg-type]  # each was read by its field's type
        bounds = [to_datetime(parse_iso(text)) for text in given.ground_truth or ()]
    except ValueError as error:
        parser.error(str(error))
    sandbox = Sandbox(options, lambda: datetime.now(timezone.utc))
    if bounds:
        return _print_ground_truth(sandbox, *bounds)
    with contextlib.suppress(KeyboardInterrupt), serve(sandbox, given.host, given.port) as server:
        sys.stderr.write(
            f"Freshchat sandbox at http://{given.host}:{server.server_port}/v2, "
            f"token {options.token!r}; Ctrl-C ends it\n"
        )
        server.serve_forever()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m freshchat_sandbox", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on; 0 for any")
    parser.add_argument(
        "--ground-truth",
        nargs=2,
        metavar=("START", "END"),
        help="print the occurrences of [START, END) as JSON lines and exit",
    )
    defaults = Options()
    group = parser.add_argument_group("options of the desk")
    for name in option_names():
        group.add_argument(
            f"--{name.replace('_', '-')}", help=f"default: {getattr(defaults, name)}"
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
