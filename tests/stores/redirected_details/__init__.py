"""A shop that sells for cash, and whose payment-details page redirects to the preview."""
