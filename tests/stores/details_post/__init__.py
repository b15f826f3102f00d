"""A shop that takes the card where the form stands, on the payment-details page."""
