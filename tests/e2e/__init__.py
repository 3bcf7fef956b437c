"""End-to-end suites against real browsers, warehouses, containers and schedulers."""
