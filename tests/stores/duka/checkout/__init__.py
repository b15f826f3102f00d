"""Oscar's checkout with the shop's own chooser and card form."""
