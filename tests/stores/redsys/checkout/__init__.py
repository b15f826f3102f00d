"""Oscar's checkout with the shop's own chooser, and one view that sends the shopper to the bank."""
