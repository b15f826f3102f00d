"""A client for Safaricom's Daraja API, without Django. Only ``transport`` uses the network."""
