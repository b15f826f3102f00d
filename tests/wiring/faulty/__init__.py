"""A shop with one mistake, which ``tests/wiring/test_faulty_shops.py`` runs in its own process."""
