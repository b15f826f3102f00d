"""A shop that sold for years before it added the app. ``tests/stores/test_added_later.py`` runs its processes."""
