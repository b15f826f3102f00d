"""One search for orders, payments and money, on every page of the dashboard."""
