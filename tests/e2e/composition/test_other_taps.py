"""Every row that a tap of another maker reads becomes an event, with the same id in each run."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
from fakes.services import LOOPBACK

from e2e.composition.mariadb import MariaDB
from e2e.composition.postgresql import NAME, PASSWORD, PostgreSQL
from e2e.composition.taps import Tap, events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.composition
ROWS = 300
POSTGRESQL_TABLE = """
CREATE TABLE visits (
  id bigint PRIMARY KEY, seen_at timestamptz NOT NULL, day date, price numeric(12, 3),
  ratio double precision, active boolean, note text, tags text[], data jsonb, code uuid
);
INSERT INTO visits SELECT
  n, '2026-11-01T00:00:00Z'::timestamptz + n * interval '1 minute', '2026-11-01', n / 7.0,
  n / 3.0, n % 2 = 0, CASE WHEN n % 3 = 0 THEN NULL ELSE 'née ' || n END, ARRAY['a', 'b'],
  jsonb_build_object('n', n, 'deep', jsonb_build_array(1, NULL)), md5(n::text)::uuid
FROM generate_series(1, 300) AS n;
"""
MARIADB_TABLE = """
CREATE TABLE visits (
  id bigint PRIMARY KEY, seen_at datetime NOT NULL, day date, price decimal(12, 3),
  ratio double, active tinyint(1), note text, data json
);
INSERT INTO visits SELECT
  seq, '2026-11-01 00:00:00' + INTERVAL seq MINUTE, '2026-11-01', seq / 7, seq / 3, seq % 2,
  IF(seq % 3 = 0, NULL, CONCAT('née ', seq)), JSON_OBJECT('n', seq)
FROM seq_1_to_300;
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with PostgreSQL() as server:
        server.sql(POSTGRESQL_TABLE)
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDB]:
    with MariaDB() as server:
        server.sql(MARIADB_TABLE)
        yield server


def check_each_row_is_an_event(tap: Tap, folder: Path) -> None:
    runs: list[list[dict[str, Any]]] = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        runs.append(events(tap.read(folder / name), folder / name))
        assert not (folder / name / "dead_letters.jsonl").exists()
    first, second = runs
    assert sorted(int(each["userId"]) for each in first) == list(range(1, ROWS + 1))
    assert {each["messageId"] for each in first} == {each["messageId"] for each in second}
    assert len({each["messageId"] for each in first}) == ROWS
    by_id = {int(each["userId"]): each for each in first}
    assert by_id[60]["timestamp"].startswith("2026-11-01T01:00:00")
    assert by_id[1]["properties"]["note"] == "née 1"


@pytest.mark.parametrize(
    ("package", "names"),
    [
        ("meltanolabs-tap-postgres==0.10.0", {"database": NAME}),
        ("pipelinewise-tap-postgres==2.1.0", {"dbname": NAME}),
    ],
)
def test_each_row_of_postgresql_is_an_event_with_the_same_id_in_each_run(
    postgresql: PostgreSQL, tmp_path: Path, package: str, names: dict[str, str]
) -> None:
    server = {"host": LOOPBACK, "port": postgresql.port, "user": NAME, "password": PASSWORD}
    # The SDK's tap lists the schemas of the server itself, too, unless it is told not to.
    config = {**server, **names, "filter_schemas": ["public"] if "database" in names else "public"}
    check_each_row_is_an_event(Tap(package, "tap-postgres", config), tmp_path)


def test_each_row_of_mariadb_is_an_event_with_the_same_id_in_each_run(
    mariadb: MariaDB, tmp_path: Path
) -> None:
    server = {"host": LOOPBACK, "port": mariadb.port, "user": NAME, "password": PASSWORD}
    config = {**server, "filter_dbs": NAME}
    tap = Tap("pipelinewise-tap-mysql==1.6.0", "tap-mysql", config, catalog="--properties")
    check_each_row_is_an_event(tap, tmp_path)


def test_each_row_of_a_file_is_an_event_with_the_same_id_in_each_run(tmp_path: Path) -> None:
    with (tmp_path / "visits.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "seen_at", "note", "price"])
        for n in range(1, ROWS + 1):
            hour, minute = divmod(n, 60)
            writer.writerow([n, f"2026-11-01T{hour:02}:{minute:02}:00Z", f"née {n}", n / 7])
    files = [{"path": str(tmp_path / "visits.csv"), "format": "csv", "primary_keys": ["id"]}]
    tap = Tap("tap-spreadsheets==1.1.2", "tap-spreadsheets", {"files": files}, catalog=None)
    check_each_row_is_an_event(tap, tmp_path)
