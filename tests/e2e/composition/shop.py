"""Shop database to Segment requests in three runs: all, one new order, one changed customer."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from e2e.checks import check
from e2e.composition.fragments import fragment

if TYPE_CHECKING:
    from e2e.composition.postgresql import PostgreSQL
    from e2e.composition.project import Project

Event = dict[str, Any]
CUSTOMERS = """
INSERT INTO customers VALUES
  (1, 'Ada', 'Moreau', 'Ada@example.com', 'pro', '2026-11-01T09:00:00Z'),
  (2, 'Ben', NULL, 'ben@example.com', NULL, '2026-11-02T09:00:00Z');
INSERT INTO orders VALUES
  (10, 1, '2026-11-03T10:00:00Z', 12.50, 2.50, 'EUR', 'WELCOME', '[{"sku": "a", "price": 5}]'),
  (11, 2, '2026-11-04T10:00:00Z', 99.90, 0.00, 'EUR', NULL, '[{"sku": "b"}, {"sku": "c"}]');
"""
ORDER = """
INSERT INTO orders VALUES
  (12, 1, '2026-11-05T10:00:00Z', 7.00, 2.00, 'EUR', NULL, '[]')
"""
CHANGE = "UPDATE customers SET plan = 'basic', updated_at = '2026-11-06T09:00:00Z' WHERE id = 1"


def sell_and_send(project: Project, server: PostgreSQL) -> None:
    """The three runs and their checks."""
    server.sql(fragment("tables: shop"))
    server.sql(CUSTOMERS)
    project.environment |= {"TAP_SHOP_HOST": "127.0.0.1", "TAP_SHOP_PORT": str(server.port)}
    command = fragment("commands: shop").strip()

    project.run(command)
    first = _sent(project)
    customers = [event for event in first if event["type"] == "identify"]
    orders = [event for event in first if event["type"] == "track"]
    check("customers are identified", ["1", "2"], [event["userId"] for event in customers])
    hashed = hashlib.sha256(b"ada@example.com").hexdigest()
    traits = {"firstName": "Ada", "name": "Ada Moreau", "email_sha256": hashed, "plan": "pro"}
    check("traits are as mapped, the e-mail only hashed", traits, customers[0]["traits"])
    check("no address is in any body", False, "example.com" in json.dumps(first))
    check("orders are completed", {"Order Completed"}, {event["event"] for event in orders})
    check("orders belong to customers", ["1", "2"], [event["userId"] for event in orders])
    properties = {
        "order_id": 10,
        "total": 12.5,
        "revenue": 10.0,
        "shipping": 2.5,
        "currency": "EUR",
        "coupon": "WELCOME",
        "products": [{"sku": "a", "price": 5}],
    }
    check("an order is as mapped", properties, orders[0]["properties"])
    check("a time is the order's", "2026-11-03T10:00:00", orders[0]["timestamp"][:19])

    server.sql(ORDER)
    project.run(command)
    second = _sent(project)[len(first) :]
    check("the second run sends only the new order", [("track", "1", 12)], _new(first, second))
    check("besides the last row of each table", 3, len(second))

    server.sql(CHANGE)
    project.run(command)
    third = _sent(project)[len(first) + len(second) :]
    new = _new(first + second, third)
    check("the third run sends only the changed customer", [("identify", "1", None)], new)


def _new(before: list[Event], after: list[Event]) -> list[tuple[str, str, Any]]:
    known = {event["messageId"] for event in before}
    return [
        (event["type"], event["userId"], event.get("properties", {}).get("order_id"))
        for event in after
        if event["messageId"] not in known
    ]


def _sent(project: Project) -> list[Event]:
    # Their names have the time in them, so that they sort.
    files = sorted((project.folder / "output").glob("*.jsonl"))
    bodies = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [event for body in bodies for event in body["batch"]]
