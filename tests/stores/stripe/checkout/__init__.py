"""Oscar's checkout with three more URLs: to the gateway, back to a preview, and back to the basket."""
