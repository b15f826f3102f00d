"""A shop without a payment-details page: the card is entered on the preview."""
