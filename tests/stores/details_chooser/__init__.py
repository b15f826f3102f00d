"""A shop that asks for the payment method on the payment-details page."""
