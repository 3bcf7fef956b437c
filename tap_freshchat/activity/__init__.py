"""Support activity as ordered events, from report rows and messages. Pure, but for one sorter."""
