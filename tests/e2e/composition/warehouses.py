"""Warehouses: Freshchat in JSON lines, DuckDB and PostgreSQL; keys, counts, types and a query."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta, timezone
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

from e2e.checks import check, say
from e2e.composition.fragments import fragment
from tap_freshchat.tap import TapFreshchat

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk import Stream

    from e2e.composition.postgresql import PostgreSQL
    from e2e.composition.project import Project

Rows = list[dict[str, Any]]
Keys = set[tuple[str, ...]]
TAP = "tap-freshchat-everything"
# Streams whose records are what happened, once; the others are records that may change.
OCCURRENCES = ("agent_activity", "conversation_events", "message_events", "messages", "report_")
DUCKDB_QUERY = """
import json, sys, duckdb
rows = duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2])
names = [column[0] for column in rows.description]
print(json.dumps([dict(zip(names, row)) for row in rows.fetchall()], default=str))
"""
# What the two warehouses call the types of columns.
TIME = {"TIMESTAMP", "timestamp without time zone"}
OBJECT = {"JSON", "jsonb"}
# In PostgreSQL, an array of jsonb.
LIST = {"JSON", "ARRAY"}


def fill_and_ask(project: Project, server: PostgreSQL) -> None:
    """Two runs into each of the three, then the checks."""
    project.environment |= {
        "TARGET_POSTGRES_HOST": "127.0.0.1",
        "TARGET_POSTGRES_PORT": str(server.port),
    }
    # The same two periods for all three, each ending at a fixed moment.
    now = datetime.now(timezone.utc).replace(microsecond=0)
    start, between, end = ((now - timedelta(hours=hours)).isoformat() for hours in (48, 12, 1))
    periods = [_period(start, between), _period(start, end)]
    into_files, into_duckdb, into_postgresql = _commands()

    first, second = (project.run(into_files, **period) for period in periods)
    files = {name: _lines(project, name) for name in _streams()}
    say(f"    {first.total():,} records, then {second.total():,}")
    counts = {name: len(rows) for name, rows in files.items()}
    check("each record is a line", dict(first + second), {k: v for k, v in counts.items() if v})
    keys = {name: _keys_of_lines(name, rows) for name, rows in files.items()}
    once = {name: len(keys[name]) for name in keys if name.startswith(OCCURRENCES)}
    check("what happened is there once", {name: counts[name] for name in once}, once)

    for command, ask in (
        (into_duckdb, lambda query: _duckdb(project, query)),
        (into_postgresql, server.sql),
    ):
        emitted = project.run(command, **periods[0])
        check("as many records as into files", first, emitted)
        found = {name: int(ask(_count(name))[0]["rows"]) for name in emitted if emitted[name]}
        check("each record is a row", dict(+emitted), found)
        emitted = project.run(command, **periods[1])
        check("as many new records as into files", second, emitted)
        _check_tables(ask, keys)
        _check_answer(ask, files)
    say("\n".join(_table(server.sql(fragment("query: first response")))))


def _check_tables(ask: Callable[[str], Rows], keys: dict[str, Keys]) -> None:
    filled = {name: found for name, found in keys.items() if found}
    rows = {name: int(ask(_count(name))[0]["rows"]) for name in filled}
    check("no row twice", {name: len(found) for name, found in filled.items()}, rows)
    found = {name: _keys_of_rows(name, ask) for name in filled}
    check("the keys are those of the files", filled, found)
    types = {
        (row["table_name"], row["column_name"]): row["data_type"]
        for row in ask(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'freshchat'",
        )
    }
    wrong = {
        (name, field): types.get((name, field))
        for name in filled
        for field, schema in _streams()[name].schema["properties"].items()
        if (wanted := _wanted(schema)) and types.get((name, field)) not in wanted
    }
    check("times are timestamps, objects JSON, lists JSON or arrays of it", {}, wrong)


def _wanted(schema: dict[str, Any]) -> set[str] | None:
    if schema.get("format") == "date-time":
        return TIME
    kinds = schema.get("type", [])
    if "object" in kinds:
        return OBJECT
    return LIST if "array" in kinds else None


def _check_answer(ask: Callable[[str], Rows], files: dict[str, Rows]) -> None:
    names = {row["id"]: row["name"] for row in files["groups"]}
    waits: dict[str, list[float]] = {}
    for row in files["report_first_response_time"]:
        group = names.get(row["group_id"], "no group")
        waits.setdefault(group, []).append(row["value_in_seconds"])
    wanted = {group: (len(each), round(median(each))) for group, each in waits.items()}
    found = {
        row["support_group"]: (int(row["replies"]), round(float(row["median_seconds"])))
        for row in ask(fragment("query: first response"))
    }
    check("the query gives the medians that the files give", wanted, found)


def _commands() -> list[str]:
    lines = fragment("commands: warehouses").splitlines()
    return [line for line in lines if line.startswith("meltano run")]


def _period(start: str, end: str) -> dict[str, str]:
    name = TAP.upper().replace("-", "_")
    return {f"{name}_START_DATE": start, f"{name}_END_DATE": end}


@cache
def _streams() -> dict[str, Stream]:
    tap = TapFreshchat(config={"api_url": "sandbox://"})
    return {stream.name: stream for stream in tap.discover_streams()}


def _lines(project: Project, name: str) -> Rows:
    file = project.folder / "warehouse" / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def _duckdb(project: Project, query: str) -> Rows:
    python = project.folder / ".meltano/loaders/target-duckdb/venv/bin/python"
    database = project.folder / "warehouse/support.duckdb"
    finished = subprocess.run(
        [python, "-c", DUCKDB_QUERY, database, query],
        capture_output=True,
        check=True,
    )
    rows: Rows = json.loads(finished.stdout)
    return rows


def _count(name: str) -> str:
    return f"SELECT count(*) AS rows FROM freshchat.{name}"  # noqa: S608 - a stream's name


def _keys_of_lines(name: str, rows: Rows) -> Keys:
    return {tuple(row[key] for key in _streams()[name].primary_keys) for row in rows}


def _keys_of_rows(name: str, ask: Callable[[str], Rows]) -> Keys:
    columns = ", ".join(_streams()[name].primary_keys)
    return _keys_of_lines(name, ask(f"SELECT {columns} FROM freshchat.{name}"))  # noqa: S608


def _table(rows: Rows) -> list[str]:
    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(padded).rstrip())
    return lines
