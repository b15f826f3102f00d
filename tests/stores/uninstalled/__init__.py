"""A shop that takes M-PESA, and then removes the app. ``tests/stores/test_uninstall.py`` runs its processes."""
