"""Facts about M-PESA, as values and tables, without Django, network or clock."""
