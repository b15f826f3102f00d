"""A year of generated sales, to show the dashboard with data and to measure it."""
