"""Checks of Singer messages: the types of their parts."""

from __future__ import annotations

from typing import Any

from singer_sdk.singerlib.exceptions import InvalidInputLine


def check_schema(message: dict[str, Any]) -> None:
    """Check the types in a SCHEMA message; raises `InvalidInputLine`."""
    stream, schema = message["stream"], message["schema"]
    if not isinstance(stream, str):
        raise InvalidInputLine("The stream of a SCHEMA message must be a string")
    where = f"SCHEMA of stream '{stream}'"
    if not isinstance(schema, (dict, bool)):
        raise InvalidInputLine(f"{where}: the schema must be an object")
    keys = message.get("key_properties")
    if keys is not None and not (
        isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    ):
        raise InvalidInputLine(f"{where}: key_properties must be a list of strings")


def check_record(stream: Any, record: Any) -> None:
    """Check the types in a RECORD message; raises `InvalidInputLine`."""
    # JSON gives no subclasses, and this runs for each record.
    if type(stream) is not str:
        raise InvalidInputLine("The stream of a RECORD message must be a string")
    if type(record) is not dict:
        raise InvalidInputLine(f"RECORD of stream '{stream}': the record must be an object")
