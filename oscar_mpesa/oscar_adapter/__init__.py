"""Connect the services to Oscar: placement, stock, order statuses, payment sources and emails."""
