"""A client for Safaricom's Daraja: HTTP and JSON, no Django; only ``transport`` touches the network."""
