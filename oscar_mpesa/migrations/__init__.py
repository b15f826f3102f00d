"""Migrations of the app's models, as ``makemigrations`` writes them."""
