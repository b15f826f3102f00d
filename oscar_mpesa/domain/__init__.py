"""Facts about M-PESA, as values and tables: no Django, no network, no clock."""
