"""Oscar's checkout with the shop's own second payment method."""
