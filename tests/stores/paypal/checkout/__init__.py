"""Oscar's checkout with a card form and a link to PayPal on the payment-details page."""
