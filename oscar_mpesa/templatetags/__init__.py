"""Template filters of M-PESA pages."""
