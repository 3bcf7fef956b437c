"""The shape of Singer messages, held before anything is done with what they bring."""

from __future__ import annotations

from typing import Any

from singer_sdk.singerlib.exceptions import InvalidInputLine


def check_schema(message: dict[str, Any]) -> None:
    """Hold a SCHEMA message, which has a stream and a schema, to its specification.

    Raises:
        InvalidInputLine: A part of it has another type.
    """
    stream, schema = message["stream"], message["schema"]
    if not isinstance(stream, str):
        raise InvalidInputLine("A SCHEMA message's stream must be a text")
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise InvalidInputLine(f"SCHEMA of stream '{stream}': schema must be an object's schema")
    if not all(isinstance(each, dict) for each in schema["properties"].values()):
        raise InvalidInputLine(f"SCHEMA of stream '{stream}': a property's schema is no object")
    keys = message.get("key_properties")
    if keys is not None and not (
        isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    ):
        raise InvalidInputLine(f"SCHEMA of stream '{stream}': key_properties must be a list")


def check_record(stream: Any, record: Any) -> None:
    """Hold the parts of a RECORD message to its specification.

    Raises:
        InvalidInputLine: One of them has another type.
    """
    # Done for each record, so the exact types, of which JSON gives no other.
    if type(stream) is not str:
        raise InvalidInputLine("A RECORD message's stream must be a text")
    if type(record) is not dict:
        raise InvalidInputLine(f"A RECORD message of stream '{stream}' must hold an object")
