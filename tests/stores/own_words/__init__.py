"""A shop with its own words for the status of an order, and with no pipeline at all."""
