"""Safaricom's door: what is posted here is kept first and believed later."""
