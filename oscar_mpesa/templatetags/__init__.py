"""Template filters for M-Pesa pages."""
